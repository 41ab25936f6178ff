/* Is called otherwise than its file. */
#include "erl_driver.h"

static ErlDrvEntry entry = {NULL, NULL, NULL, NULL, NULL, NULL, "other_drv", NULL, NULL, NULL, NULL,
                            NULL, NULL, NULL, NULL, NULL, ERL_DRV_EXTENDED_MARKER,
                            ERL_DRV_EXTENDED_MAJOR_VERSION, ERL_DRV_EXTENDED_MINOR_VERSION, 0, NULL,
                            NULL, NULL, NULL};

DRIVER_INIT(named_drv) { return &entry; }
