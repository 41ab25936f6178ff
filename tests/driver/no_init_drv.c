/* Is no driver. */
int not_a_driver(void) { return 0; }
