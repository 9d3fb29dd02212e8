"""Load a machine to its limits and watch it: wrong results, heat, power, errors, lost speed."""
