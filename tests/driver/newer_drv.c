/* Was compiled for a later interface. */
#include "erl_driver.h"

static ErlDrvEntry entry = {NULL, NULL, NULL, NULL, NULL, NULL, "newer_drv", NULL, NULL, NULL, NULL,
                            NULL, NULL, NULL, NULL, NULL, ERL_DRV_EXTENDED_MARKER,
                            ERL_DRV_EXTENDED_MAJOR_VERSION, ERL_DRV_EXTENDED_MINOR_VERSION + 1, 0,
                            NULL, NULL, NULL, NULL};

DRIVER_INIT(newer_drv) { return &entry; }
