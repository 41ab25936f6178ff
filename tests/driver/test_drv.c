/* A driver that does on request what drivers can do; driver_cases.erl asks. What it is opened as
 * says how: "test_drv vector" uses outputv's entry (vector_drv.c has that), "test_drv fail_errno"
 * does not start. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "erl_driver.h"

typedef struct {
  ErlDrvPort port;
  int pipe[2];
  int ticks;
  int is_slow;
  ErlDrvMonitor monitor;
  ErlDrvPDL lock;
  ErlDrvTermData owner;
} Data;

enum {
  kOutput = 1, kOutput2, kBinary, kVector, kTerms, kTimer, kCancel, kPipe, kAsync, kMonitor,
  kDemonitor, kQueue, kFailAtom, kFailPosix, kFailEof, kFailNumber, kExit, kBusy, kFree, kCreate,
  kFlags, kBinaryReply, kOwnBinaryReply, kNoReply, kListReply, kRefuse, kLimits, kPdl, kPermanent,
  kBadTerms, kEnqueue, kEnvironment, kTimes, kThread, kCallers, kInfo, kSlice, kClosed, kClosedBoth,
  kSlow
};

static void send_atom(Data* d, char* name) {
  ErlDrvTermData spec[] = {ERL_DRV_ATOM, driver_mk_atom(name), ERL_DRV_PORT, driver_mk_port(d->port),
                           ERL_DRV_TUPLE, 2};
  erl_drv_output_term(driver_mk_port(d->port), spec, 6);
}
static void send_number(ErlDrvTermData port, char* name, long number) {
  ErlDrvTermData spec[] = {ERL_DRV_ATOM, driver_mk_atom(name), ERL_DRV_INT, number, ERL_DRV_TUPLE,
                           2};
  erl_drv_output_term(port, spec, 6);
}

static ErlDrvData start(ErlDrvPort port, char* command) {
  Data* d;
  if (strstr(command, "fail_general")) return ERL_DRV_ERROR_GENERAL;
  if (strstr(command, "fail_badarg")) return ERL_DRV_ERROR_BADARG;
  if (strstr(command, "fail_errno")) {
    errno = EACCES;
    return ERL_DRV_ERROR_ERRNO;
  }
  d = driver_alloc(sizeof(Data));
  memset(d, 0, sizeof(Data));
  d->port = port;
  d->pipe[0] = d->pipe[1] = -1;
  d->owner = driver_connected(port);
  if (strstr(command, "show")) {
    ErlDrvTermData spec[] = {ERL_DRV_STRING, (ErlDrvTermData)command, strlen(command)};
    erl_drv_output_term(driver_mk_port(port), spec, 3);
  }
  return (ErlDrvData)d;
}

static void close_pipe(Data* d) {
  int i;
  for (i = 0; i < 2; ++i) {
    if (d->pipe[i] >= 0) {
      driver_select(d->port, (ErlDrvEvent)(intptr_t)d->pipe[i], ERL_DRV_USE, 0);
      d->pipe[i] = -1;
    }
  }
}

static void stop(ErlDrvData data) {
  Data* d = (Data*)data;
  ErlDrvTermData spec[] = {ERL_DRV_ATOM, driver_mk_atom("stopped")};
  close_pipe(d);
  /* Arrives, unless there was something to flush. */
  driver_output(d->port, "last", 4);
  driver_send_term(d->port, d->owner, spec, 2);
  driver_free(d);
}

static void output(ErlDrvData data, char* bytes, ErlDrvSizeT size) {
  driver_output(((Data*)data)->port, bytes, size);
}

static void async_work(void* number) { *(int*)number *= 2; }
static void async_free(void* number) { driver_free(number); }
static void ready_async(ErlDrvData data, ErlDrvThreadData number) {
  Data* d = (Data*)data;
  send_number(driver_mk_port(d->port), "async", *(int*)number);
  driver_free(number);
}

static void ready_input(ErlDrvData data, ErlDrvEvent event) {
  Data* d = (Data*)data;
  char bytes[16];
  ssize_t count = read((int)(intptr_t)event, bytes, sizeof bytes);
  driver_output(d->port, bytes, count);
  close_pipe(d);
}
static void ready_output(ErlDrvData data, ErlDrvEvent event) {
  Data* d = (Data*)data;
  ssize_t count = write((int)(intptr_t)event, "ready", 5);
  (void)count;
  driver_select(d->port, event, ERL_DRV_WRITE, 0);
}
static void stop_select(ErlDrvEvent event, void* reserved) { close((int)(intptr_t)event); }

static void timeout(ErlDrvData data) {
  Data* d = (Data*)data;
  if (d->is_slow) {
    usleep(100000);
    d->is_slow = 0;
    return;
  }
  send_number(driver_mk_port(d->port), "tick", ++d->ticks);
  if (d->ticks < 3) driver_set_timer(d->port, 1);
}

static void process_exit(ErlDrvData data, ErlDrvMonitor* monitor) {
  Data* d = (Data*)data;
  ErlDrvTermData pid = driver_get_monitored_process(d->port, monitor);
  ErlDrvTermData spec[] = {ERL_DRV_ATOM, driver_mk_atom("ended"), ERL_DRV_PID, pid, ERL_DRV_INT,
                           driver_compare_monitors(&d->monitor, monitor), ERL_DRV_TUPLE, 3};
  erl_drv_output_term(driver_mk_port(d->port), spec, 8);
}

static void flush(ErlDrvData data) {
  Data* d = (Data*)data;
  ErlDrvTermData spec[] = {ERL_DRV_ATOM, driver_mk_atom("flushes"), ERL_DRV_UINT,
                           driver_sizeq(d->port), ERL_DRV_TUPLE, 2};
  driver_send_term(d->port, d->owner, spec, 6);
  ErlDrvTermData direct[] = {ERL_DRV_ATOM, driver_mk_atom("closing")};
  send_number(driver_mk_port(d->port), "never", driver_send_term(d->port, d->owner, direct, 2));
  driver_deq(d->port, driver_sizeq(d->port));
}

static void send_terms(Data* d) {
  static unsigned char external[] = {131, 104, 2, 97, 1, 100, 0, 1, 'x'};
  ErlDrvBinary* binary = driver_alloc_binary(100);
  double real = 2.5;
  ErlDrvSInt64 least = INT64_MIN;
  ErlDrvUInt64 most = UINT64_MAX;
  int i;
  for (i = 0; i < 100; ++i) binary->orig_bytes[i] = i;
  {
    ErlDrvTermData spec[] = {
        ERL_DRV_NIL,
        ERL_DRV_ATOM, driver_mk_atom("caf\xe9"),
        ERL_DRV_INT, (ErlDrvTermData)-5,
        ERL_DRV_INT, (ErlDrvTermData)INT64_MAX,
        ERL_DRV_UINT, UINT64_MAX,
        ERL_DRV_INT64, (ErlDrvTermData)&least,
        ERL_DRV_UINT64, (ErlDrvTermData)&most,
        ERL_DRV_FLOAT, (ErlDrvTermData)&real,
        ERL_DRV_BINARY, (ErlDrvTermData)binary, 10, 5,
        ERL_DRV_BINARY, (ErlDrvTermData)binary, 99, 1,
        ERL_DRV_BUF2BINARY, (ErlDrvTermData)"bytes", 5,
        ERL_DRV_BUF2BINARY, 0, 0,
        ERL_DRV_STRING, (ErlDrvTermData)"text", 4,
        ERL_DRV_NIL, ERL_DRV_STRING_CONS, (ErlDrvTermData)"end", 3,
        ERL_DRV_EXT2TERM, (ErlDrvTermData)external, sizeof external,
        ERL_DRV_TUPLE, 0,
        ERL_DRV_ATOM, driver_mk_atom("k"), ERL_DRV_INT, 1,
        ERL_DRV_ATOM, driver_mk_atom("j"), ERL_DRV_INT, 2, ERL_DRV_MAP, 2,
        ERL_DRV_INT, 1, ERL_DRV_INT, 2, ERL_DRV_LIST, 2,
        ERL_DRV_INT, 1, ERL_DRV_NIL, ERL_DRV_LIST, 2,
        ERL_DRV_NIL, ERL_DRV_LIST, 20};
    int length = sizeof spec / sizeof *spec;
    send_number(driver_mk_port(d->port), "sent",
                erl_drv_output_term(driver_mk_port(d->port), spec, length));
  }
  driver_free_binary(binary);
}

static void send_bad_terms(Data* d) {
  ErlDrvTermData port = driver_mk_port(d->port);
  ErlDrvBinary* binary = driver_alloc_binary(4);
  double nan = 0.0;
  ErlDrvTermData specs[][8] = {
      {ERL_DRV_INT},
      {ERL_DRV_ATOM, port},
      {ERL_DRV_INT, 1, ERL_DRV_INT, 2},
      {ERL_DRV_TUPLE, 1},
      {ERL_DRV_NIL, ERL_DRV_LIST, 2},
      {ERL_DRV_NIL, ERL_DRV_LIST, 0},
      {ERL_DRV_STRING_CONS, (ErlDrvTermData)"x", 1},
      {ERL_DRV_BINARY, (ErlDrvTermData)binary, 3, 2},
      {ERL_DRV_EXT2TERM, (ErlDrvTermData)"x", 1},
      {ERL_DRV_INT, 1, ERL_DRV_INT, 1, ERL_DRV_INT, 1, ERL_DRV_INT, 1},
      {99, 1},
      {0},
      {ERL_DRV_PID, port},
      {ERL_DRV_FLOAT, (ErlDrvTermData)&nan},
  };
  int lengths[] = {1, 2, 4, 2, 3, 3, 3, 4, 3, 8, 2, 1, 2, 2};
  unsigned i;
  nan = nan / nan;
  for (i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
    send_number(port, "bad", erl_drv_output_term(port, specs[i], lengths[i]));
  }
  {
    ErlDrvTermData nobody[] = {ERL_DRV_NIL};
    send_number(port, "to_port", erl_drv_send_term(port, port, nobody, 1));
    send_number(port, "from_nil", erl_drv_output_term(driver_mk_term_nil(), nobody, 1));
  }
  driver_free_binary(binary);
}

static void queue_tests(Data* d) {
  ErlDrvTermData port = driver_mk_port(d->port);
  ErlDrvBinary* binary = driver_alloc_binary(6);
  ErlIOVec vector;
  SysIOVec* parts;
  char all[64];
  int count;
  memcpy(binary->orig_bytes, "binary", 6);
  driver_enq(d->port, "middle", 6);
  driver_pushq(d->port, "front", 5);
  driver_enq_bin(d->port, binary, 1, 4);
  driver_pushq_bin(d->port, binary, 0, 2);
  send_number(port, "references", driver_binary_get_refc(binary));
  driver_free_binary(binary);
  send_number(port, "size", driver_sizeq(d->port));
  parts = driver_peekq(d->port, &count);
  send_number(port, "parts", count);
  send_number(port, "first", parts[0].iov_len);
  driver_peekqv(d->port, &vector);
  count = driver_vec_to_buf(&vector, all, sizeof all);
  driver_output(d->port, all, count);
  driver_outputv(d->port, "<>", 2, &vector, 0);
  send_number(port, "left", driver_deq(d->port, 4));
  binary = driver_alloc_binary(8);
  memcpy(binary->orig_bytes, "12345678", 8);
  {
    SysIOVec own[] = {{binary->orig_bytes, 4}, {binary->orig_bytes + 6, 2}};
    ErlDrvBinary* binaries[] = {binary, binary};
    vector.vsize = 2;
    vector.size = 6;
    vector.iov = own;
    vector.binv = binaries;
    driver_enqv(d->port, &vector, 0);
    driver_pushqv(d->port, &vector, 0);
    send_number(port, "references", driver_binary_get_refc(binary));
    driver_free_binary(binary);
  }
  send_number(port, "left", driver_sizeq(d->port));
  driver_peekqv(d->port, &vector);
  count = driver_vec_to_buf(&vector, all, sizeof all);
  driver_output(d->port, all, count);
  send_number(port, "too_much", driver_deq(d->port, 1000));
  send_number(port, "left", driver_deq(d->port, driver_sizeq(d->port)));
  send_number(port, "parts", driver_peekq(d->port, &count) == NULL ? count : 99);
}

static void* thread_body(void* argument) {
  Data* d = argument;
  ErlDrvTermData port = driver_mk_port(d->port);
  (void)port;
  driver_pdl_lock(d->lock);
  driver_enq(d->port, "from thread", 11);
  driver_pdl_unlock(d->lock);
  return argument;
}

static int limits(Data* d, size_t low, size_t high) {
  erl_drv_busy_msgq_limits(d->port, &low, &high);
  send_number(driver_mk_port(d->port), "low", low);
  send_number(driver_mk_port(d->port), "high", high);
  return 0;
}

/* So high that nobody opens it meanwhile. */
static int closed_descriptor(int least) {
  int pipe_ends[2], descriptor;
  if (pipe(pipe_ends) != 0) return -1;
  descriptor = fcntl(pipe_ends[0], F_DUPFD, least);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  close(descriptor);
  return descriptor;
}

static ErlDrvSSizeT control(ErlDrvData data, unsigned command, char* bytes, ErlDrvSizeT size,
                            char** reply, ErlDrvSizeT room) {
  Data* d = (Data*)data;
  ErlDrvTermData port = driver_mk_port(d->port);
  ErlDrvBinary* binary;
  switch (command) {
    case kOutput:
      return driver_output(d->port, bytes, size);
    case kOutput2:
      driver_output2(d->port, "head", 4, bytes, size);
      driver_output2(d->port, "head", 4, NULL, 0);
      return 0;
    case kBinary:
      binary = driver_alloc_binary(size);
      memcpy(binary->orig_bytes, bytes, size);
      driver_output_binary(d->port, NULL, 0, binary, 1, size - 2);
      driver_output_binary(d->port, "hb", 2, binary, 0, size);
      driver_free_binary(binary);
      return 0;
    case kTerms:
      send_terms(d);
      return 0;
    case kBadTerms:
      send_bad_terms(d);
      return 0;
    case kTimer: {
      unsigned long left;
      driver_set_timer(d->port, 1000);
      driver_read_timer(d->port, &left);
      send_number(port, "left", left > 900 && left <= 1000);
      d->ticks = 0;
      driver_set_timer(d->port, 1);
      return 0;
    }
    case kCancel: {
      unsigned long left;
      driver_set_timer(d->port, 0);
      driver_cancel_timer(d->port);
      driver_read_timer(d->port, &left);
      send_number(port, "left", left);
      return 0;
    }
    case kPipe:
      if (pipe(d->pipe) != 0) return -1;
      driver_select(d->port, (ErlDrvEvent)(intptr_t)d->pipe[0], ERL_DRV_READ | ERL_DRV_USE, 1);
      driver_select(d->port, (ErlDrvEvent)(intptr_t)d->pipe[1], ERL_DRV_WRITE | ERL_DRV_USE, 1);
      send_number(port, "bad", driver_select(d->port, (ErlDrvEvent)-1, ERL_DRV_READ, 1));
      return 0;
    case kAsync: {
      int i;
      unsigned key = driver_async_port_key(d->port);
      for (i = 1; i <= 5; ++i) {
        int* number = driver_alloc(sizeof(int));
        *number = i;
        driver_async(d->port, &key, async_work, number, async_free);
      }
      return 0;
    }
    case kMonitor:
      send_number(port, "monitor",
                  driver_monitor_process(d->port, driver_caller(d->port), &d->monitor));
      return 0;
    case kDemonitor:
      send_number(port, "demonitor", driver_demonitor_process(d->port, &d->monitor));
      return 0;
    case kQueue:
      queue_tests(d);
      return 0;
    case kEnqueue:
      return driver_enq(d->port, bytes, size);
    case kFailAtom:
      return driver_failure_atom(d->port, "my_reason");
    case kFailPosix:
      return driver_failure_posix(d->port, EPIPE);
    case kFailEof:
      return driver_failure_eof(d->port);
    case kFailNumber:
      return driver_failure(d->port, 42);
    case kExit:
      return driver_exit(d->port, EPIPE);
    case kBusy:
      set_busy_port(d->port, 1);
      return 0;
    case kFree:
      set_busy_port(d->port, 0);
      return 0;
    case kFlags:
      send_number(port, "flags", get_port_flags(d->port));
      return 0;
    case kBinaryReply:
      set_port_control_flags(d->port, PORT_CONTROL_FLAG_BINARY);
      memcpy(*reply, "short", 5);
      return 5;
    case kOwnBinaryReply:
      set_port_control_flags(d->port, PORT_CONTROL_FLAG_BINARY);
      binary = driver_alloc_binary(size);
      memcpy(binary->orig_bytes, bytes, size);
      *reply = (char*)binary;
      return size;
    case kNoReply:
      *reply = NULL;
      return 0;
    case kListReply:
      set_port_control_flags(d->port, 0);
      if (size > room) *reply = driver_alloc(size);
      memcpy(*reply, bytes, size);
      return size;
    case kLimits:
      limits(d, 0, 0);
      limits(d, 100, 0);
      limits(d, 0, 50);
      limits(d, 1000, 2000);
      limits(d, ERL_DRV_BUSY_MSGQ_DISABLED, 1);
      return limits(d, 10, 20);
    case kPdl: {
      ErlDrvTid thread;
      void* result;
      d->lock = driver_pdl_create(d->port);
      send_number(port, "again", driver_pdl_create(d->port) == NULL);
      send_number(port, "references", driver_pdl_get_refc(d->lock));
      send_number(port, "references", driver_pdl_inc_refc(d->lock));
      send_number(port, "references", driver_pdl_dec_refc(d->lock));
      erl_drv_thread_create("body", &thread, thread_body, d, NULL);
      erl_drv_thread_join(thread, &result);
      driver_pdl_lock(d->lock);
      send_number(port, "size", driver_sizeq(d->port));
      driver_deq(d->port, driver_sizeq(d->port));
      driver_pdl_unlock(d->lock);
      send_number(port, "same", result == d);
      return 0;
    }
    case kPermanent:
      return driver_lock_driver(d->port);
    case kEnvironment: {
      char value[8];
      size_t length = sizeof value;
      send_number(port, "unset", erl_drv_getenv("TEST_DRV_VALUE", value, &length));
      erl_drv_putenv("TEST_DRV_VALUE", "seven77");
      send_number(port, "set", erl_drv_getenv("TEST_DRV_VALUE", value, &length));
      send_number(port, "length", length);
      erl_drv_putenv("TEST_DRV_VALUE", "eight888");
      length = sizeof value;
      send_number(port, "long", erl_drv_getenv("TEST_DRV_VALUE", value, &length));
      send_number(port, "length", length);
      return 0;
    }
    case kTimes:
      send_number(port, "seconds", erl_drv_convert_time_unit(-1500, ERL_DRV_MSEC, ERL_DRV_SEC));
      send_number(port, "monotonic", erl_drv_monotonic_time(ERL_DRV_NSEC) <=
                                         erl_drv_monotonic_time(ERL_DRV_NSEC));
      send_number(port, "wrong", erl_drv_monotonic_time(17) == ERL_DRV_TIME_ERROR);
      return 0;
    case kCallers: {
      ErlDrvTermData spec[] = {ERL_DRV_PID, driver_caller(d->port), ERL_DRV_PID,
                               driver_connected(d->port), ERL_DRV_PORT, port, ERL_DRV_TUPLE, 3};
      erl_drv_output_term(port, spec, 8);
      return 0;
    }
    case kInfo: {
      ErlDrvSysInfo info;
      driver_system_info(&info, sizeof info);
      send_number(port, "major", info.driver_major_version);
      send_number(port, "minor", info.driver_minor_version);
      send_number(port, "threads", info.thread_support && info.smp_support);
      send_number(port, "async", info.async_threads);
      send_number(port, "errno", strcmp(erl_errno_id(ENOENT), "enoent"));
      return 0;
    }
    case kSlice: {
      int i, used = 0;
      for (i = 0; i < 3; ++i) used = used * 10 + erl_drv_consume_timeslice(d->port, 50);
      send_number(port, "used", used);
      return 0;
    }
    case kClosed:
      driver_select(d->port, (ErlDrvEvent)(intptr_t)closed_descriptor(600), ERL_DRV_READ, 1);
      driver_select(d->port, (ErlDrvEvent)(intptr_t)closed_descriptor(700), ERL_DRV_WRITE, 1);
      return 0;
    case kClosedBoth: {
      ErlDrvEvent event = (ErlDrvEvent)(intptr_t)closed_descriptor(800);
      driver_select(d->port, event, ERL_DRV_READ | ERL_DRV_WRITE | ERL_DRV_USE, 1);
      return 0;
    }
    case kSlow:
      d->is_slow = 1;
      driver_set_timer(d->port, 0);
      return 0;
    default:
      return -1;
  }
}

/* Answers with the argument in a tuple, or with something that is no term. */
static ErlDrvSSizeT call(ErlDrvData data, unsigned command, char* bytes, ErlDrvSizeT size,
                         char** reply, ErlDrvSizeT room, unsigned* flags) {
  static char kept[3] = {(char)131, 97, 7};
  if (command == 1) return -1;
  if (command == 2) {
    (*reply)[0] = 1;
    return 1;
  }
  if (command == 3) {
    *reply = kept;
    *flags |= DRIVER_CALL_KEEP_BUFFER;
    return sizeof kept;
  }
  if (size + 2 > room) *reply = driver_alloc(size + 2);
  (*reply)[0] = bytes[0];
  (*reply)[1] = 104;
  (*reply)[2] = 1;
  memcpy(*reply + 3, bytes + 1, size - 1);
  return size + 2;
}

static ErlDrvEntry entry = {NULL, start, stop, output, ready_input, ready_output, "test_drv", NULL,
                            NULL, control, timeout, NULL, ready_async, flush, call, NULL,
                            ERL_DRV_EXTENDED_MARKER, ERL_DRV_EXTENDED_MAJOR_VERSION,
                            ERL_DRV_EXTENDED_MINOR_VERSION, ERL_DRV_FLAG_SOFT_BUSY, NULL,
                            process_exit, stop_select, NULL};

DRIVER_INIT(test_drv) { return &entry; }
