// The nvidia module, simulated by deeprig's tests: no hardware, but everything that a program
// sees of the real module's being loaded. Builds on kernels 5.15 and later.
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#define MAX_GPUS 16

static int num_gpus = 1;
module_param(num_gpus, int, 0444);
MODULE_PARM_DESC(num_gpus, "how many /dev/nvidiaN to make (simulated by deeprig's tests)");

/* Room for a longer version, because prebuilt modules get theirs written over this one. */
static const char version_text[32] = DRIVER_VERSION;

static const struct pci_device_id nvidia_ids[] = {
	{ PCI_DEVICE(0x10de, PCI_ANY_ID), .class = PCI_CLASS_DISPLAY_VGA << 8, .class_mask = ~0 },
	{ PCI_DEVICE(0x10de, PCI_ANY_ID), .class = PCI_CLASS_DISPLAY_3D << 8, .class_mask = ~0 },
	{}
};
MODULE_DEVICE_TABLE(pci, nvidia_ids);

static const struct file_operations nvidia_files = { .owner = THIS_MODULE };
static struct miscdevice control = {
	.minor = MISC_DYNAMIC_MINOR, .name = "nvidiactl", .mode = 0666, .fops = &nvidia_files,
};
static char names[MAX_GPUS][12];
static struct miscdevice cards[MAX_GPUS];
static int made;

static int show_version(struct seq_file *file, void *unused)
{
	seq_printf(file, "NVRM version: " MODULE_TITLE "  %s  " MODULE_BUILD "\n", version_text);
	seq_puts(file, "GCC version:  gcc version " __VERSION__ "\n");
	return 0;
}

static int make_cards(void)
{
	int failed = 0;

	if (num_gpus < 0 || num_gpus > MAX_GPUS)
		return -EINVAL;
	while (made < num_gpus && !failed) {
		snprintf(names[made], sizeof(names[made]), "nvidia%d", made);
		cards[made].minor = MISC_DYNAMIC_MINOR;
		cards[made].name = names[made];
		cards[made].mode = 0666;
		cards[made].fops = &nvidia_files;
		failed = misc_register(&cards[made]);
		made += !failed;
	}
	return failed;
}

static void remove_all(void)
{
	while (made > 0)
		misc_deregister(&cards[--made]);
	misc_deregister(&control);
	remove_proc_subtree("driver/nvidia", NULL);
}

static int __init nvidia_init(void)
{
	int failed = misc_register(&control);

	if (failed)
		return failed;
	if (!proc_mkdir("driver/nvidia", NULL) ||
	    !proc_create_single("driver/nvidia/version", 0444, NULL, show_version))
		failed = -ENOMEM;
	if (!failed)
		failed = make_cards();
	if (failed)
		remove_all();
	return failed;
}

static void __exit nvidia_exit(void)
{
	remove_all();
}

module_init(nvidia_init);
module_exit(nvidia_exit);
MODULE_VERSION(DRIVER_VERSION);
MODULE_LICENSE(DRIVER_LICENSE);
MODULE_DESCRIPTION("Simulated by deeprig's tests");
