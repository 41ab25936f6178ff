/* Refuses to be initialised. */
#include "erl_driver.h"

static int init(void) { return -1; }
static ErlDrvEntry entry = {init, NULL, NULL, NULL, NULL, NULL, "failing_drv", NULL, NULL, NULL,
                            NULL, NULL, NULL, NULL, NULL, NULL, ERL_DRV_EXTENDED_MARKER,
                            ERL_DRV_EXTENDED_MAJOR_VERSION, ERL_DRV_EXTENDED_MINOR_VERSION, 0, NULL,
                            NULL, NULL, NULL};

DRIVER_INIT(failing_drv) { return &entry; }
