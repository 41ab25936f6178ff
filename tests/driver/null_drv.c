/* Has no entry. */
#include "erl_driver.h"

DRIVER_INIT(null_drv) { return NULL; }
