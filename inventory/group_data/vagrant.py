"""What Vagrant's machines shall be: a small environment without GPUs."""

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
