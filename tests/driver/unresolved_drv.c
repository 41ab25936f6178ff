/* Needs a function that nobody has. */
#include "erl_driver.h"

int driver_of_the_future(void);
DRIVER_INIT(unresolved_drv) { return driver_of_the_future() ? NULL : NULL; }
