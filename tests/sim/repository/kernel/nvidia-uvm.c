// The nvidia-uvm module, simulated by deeprig's tests: its device file and its version.
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static const struct file_operations uvm_files = { .owner = THIS_MODULE };
static struct miscdevice uvm = {
	.minor = MISC_DYNAMIC_MINOR, .name = "nvidia-uvm", .mode = 0666, .fops = &uvm_files,
};

module_misc_device(uvm);
MODULE_SOFTDEP("pre: nvidia");
MODULE_VERSION(DRIVER_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Simulated by deeprig's tests");
