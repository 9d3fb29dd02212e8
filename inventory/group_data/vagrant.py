"""How Vagrant's machines are reached, and a small environment without GPUs."""

ssh_config_file = "ssh_config"
ssh_user = "vagrant"
gpu_count = 0
roles = ["base", "conda"]

base = {"users": [], "locale": None, "packages": ["curl", "git"]}
conda = {
    "environments": [
        {
            "name": "torch",
            "python": "3.11",
            "pip": {
                "packages": ["torch==2.13.0", "numpy", "scikit-learn"],
                "extra_index_urls": ["https://download.pytorch.org/whl/cpu"],
            },
            "cuda": "cpu",
            "training_test": "pytorch",
        },
    ],
}
