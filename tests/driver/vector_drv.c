/* With outputv: tells what it gets and gives it back; each port has a lock of its own. */
#include <string.h>

#include "erl_driver.h"

static ErlDrvData start(ErlDrvPort port, char* command) {
  erl_drv_set_os_pid(port, 4711);
  return (ErlDrvData)port;
}

static void outputv(ErlDrvData data, ErlIOVec* vector) {
  ErlDrvPort port = (ErlDrvPort)data;
  int header = vector->vsize > 0 && vector->iov[0].iov_len == 0 && vector->binv[0] == NULL;
  int i, sane = 1;
  for (i = 1; i < vector->vsize; ++i) {
    ErlDrvBinary* binary = vector->binv[i];
    char* bytes = vector->iov[i].iov_base;
    if (binary == NULL) continue;
    if (bytes < binary->orig_bytes) sane = 0;
    if (bytes + vector->iov[i].iov_len > binary->orig_bytes + binary->orig_size) sane = 0;
  }
  {
    ErlDrvTermData spec[] = {ERL_DRV_ATOM, driver_mk_atom("vector"), ERL_DRV_UINT, vector->size,
                             ERL_DRV_INT, header, ERL_DRV_INT, sane, ERL_DRV_TUPLE, 4};
    erl_drv_output_term(driver_mk_port(port), spec, 10);
  }
  driver_enqv(port, vector, 0);
  driver_outputv(port, NULL, 0, vector, 0);
}
static ErlDrvSSizeT control(ErlDrvData data, unsigned command, char* bytes, ErlDrvSizeT size,
                            char** reply, ErlDrvSizeT room) {
  ErlIOVec vector;
  driver_peekqv((ErlDrvPort)data, &vector);
  size = vector.size < room ? vector.size : room;
  driver_vec_to_buf(&vector, *reply, size);
  driver_deq((ErlDrvPort)data, size);
  return size;
}

static ErlDrvEntry entry = {NULL, start, NULL, NULL, NULL, NULL, "vector_drv", NULL, NULL, control,
                            NULL, outputv, NULL, NULL, NULL, NULL, ERL_DRV_EXTENDED_MARKER,
                            ERL_DRV_EXTENDED_MAJOR_VERSION, ERL_DRV_EXTENDED_MINOR_VERSION,
                            ERL_DRV_FLAG_USE_PORT_LOCKING | ERL_DRV_FLAG_NO_BUSY_MSGQ,
                            NULL, NULL, NULL, NULL};

DRIVER_INIT(vector_drv) { return &entry; }
