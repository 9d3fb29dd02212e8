"""The teaching machines have no GPU: their PyTorch is the CPU build."""

conda = {
    "environments": [
        {
            "name": "torch",
            "python": "3.11",
            "pip": {
                "packages": ["torch==2.13.0", "scikit-learn"],
                "extra_index_urls": ["https://download.pytorch.org/whl/cpu"],
            },
            "cuda": "cpu",
            "training_test": "pytorch",
        },
    ],
}
