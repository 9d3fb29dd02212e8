"""Fan curves on the controller: their rules, the hosts' history, and pictures of both."""
