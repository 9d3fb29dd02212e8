"""The Vagrantfile: read without Vagrant, and a box to bring it up with."""
