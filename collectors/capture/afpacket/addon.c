/*
 * Packets from the kernel without a copy: an AF_PACKET socket with a TPACKET_V3 ring (packet(7), and
 * Documentation/networking/packet_mmap.rst of the kernel), mapped into an ArrayBuffer that JavaScript walks by itself.
 * Only what needs a system call is here: open, statistics, close. The rest is ring.ts. The socket never sends.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <node_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

struct ring {
  int fd;
  void *map;
  size_t size;
};

static napi_value fail(napi_env env, const char *step, int number) {
  char text[160];
  napi_value code, message, error;
  snprintf(text, sizeof text, "%s: %s", step, strerror(number));
  napi_create_string_utf8(env, number == EPERM || number == EACCES ? "EPERM" : number == ENODEV ? "ENODEV" : "EIO",
                          NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, code, message, &error);
  napi_throw(env, error);
  return NULL;
}

static uint32_t number_of(napi_env env, napi_value object, const char *name) {
  napi_value value;
  uint32_t number = 0;
  if (napi_get_named_property(env, object, name, &value) == napi_ok) napi_get_value_uint32(env, value, &number);
  return number;
}

static void release(struct ring *ring) {
  if (ring->map != NULL) munmap(ring->map, ring->size);
  if (ring->fd >= 0) close(ring->fd);
  free(ring);
}

/* The handle owns the socket, the ArrayBuffer owns the mapping: no view can outlive the memory it looks at. */
static void finalize_handle(napi_env env, void *data, void *hint) {
  struct ring *ring = data;
  (void)env;
  (void)hint;
  if (ring->fd >= 0) close(ring->fd);
  free(ring);
}

static void finalize_map(napi_env env, void *data, void *hint) {
  (void)env;
  munmap(data, (size_t)hint);
}

/* open(interface, { blockBytes, blocks, retireMs, fanoutGroup }, filter | undefined) -> { handle, ring, hardwareType } */
static napi_value open_ring(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3], result, handle, buffer, hardware;
  char name[IFNAMSIZ] = {0};
  size_t name_length = 0;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 2) return NULL;
  napi_get_value_string_utf8(env, argv[0], name, sizeof name, &name_length);

  struct ring *ring = calloc(1, sizeof *ring);
  if (ring == NULL) return fail(env, "memory", ENOMEM);
  ring->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (ring->fd < 0) {
    int number = errno;
    free(ring);
    return fail(env, "socket", number);
  }
#define CHECK(step, expression)        \
  if ((expression) < 0) {              \
    int number = errno;                \
    release(ring);                     \
    return fail(env, step, number);    \
  }
  int version = TPACKET_V3;
  CHECK("TPACKET_V3", setsockopt(ring->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version));

  void *program = NULL;
  size_t program_bytes = 0;
  napi_valuetype filter_type = napi_undefined;
  if (argc > 2) napi_typeof(env, argv[2], &filter_type);
  if (filter_type == napi_object) napi_get_buffer_info(env, argv[2], &program, &program_bytes);
  if (program_bytes > 0) {
    struct sock_fprog filter = {.len = (unsigned short)(program_bytes / sizeof(struct sock_filter)), .filter = program};
    CHECK("filter", setsockopt(ring->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter));
  }

  struct tpacket_req3 request = {0};
  request.tp_block_size = number_of(env, argv[1], "blockBytes");
  request.tp_block_nr = number_of(env, argv[1], "blocks");
  request.tp_frame_size = 2048;
  request.tp_frame_nr = request.tp_block_size / request.tp_frame_size * request.tp_block_nr;
  request.tp_retire_blk_tov = number_of(env, argv[1], "retireMs");
  CHECK("ring", setsockopt(ring->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request));
  ring->size = (size_t)request.tp_block_size * request.tp_block_nr;
  ring->map = mmap(NULL, ring->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, 0);
  if (ring->map == MAP_FAILED) {
    ring->map = NULL;
    CHECK("mmap", -1);
  }

  struct ifreq device = {0};
  memcpy(device.ifr_name, name, sizeof device.ifr_name);
  CHECK("interface", ioctl(ring->fd, SIOCGIFINDEX, &device));
  int index = device.ifr_ifindex;
  CHECK("interface", ioctl(ring->fd, SIOCGIFHWADDR, &device));
  napi_create_uint32(env, device.ifr_hwaddr.sa_family, &hardware);

  /* On loopback every packet passes twice, going out and coming in. Elsewhere both ways are wanted. */
  if (device.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK) {
    int ignore = 1;
    CHECK("ignore outgoing", setsockopt(ring->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignore, sizeof ignore));
  } else {
    struct packet_mreq membership = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};
    CHECK("promiscuous", setsockopt(ring->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership));
  }
  struct sockaddr_ll address = {0};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = index;
  CHECK("bind", bind(ring->fd, (struct sockaddr *)&address, sizeof address));
  int fanout = (int)number_of(env, argv[1], "fanoutGroup");
  if (fanout != 0) {
    /* Fragments are put together first: only the first of them tells the ports that flows are shared by. */
    int option = fanout | ((PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG) << 16);
    CHECK("fan-out", setsockopt(ring->fd, SOL_PACKET, PACKET_FANOUT, &option, sizeof option));
  }
#undef CHECK
  napi_create_object(env, &result);
  napi_create_external(env, ring, finalize_handle, NULL, &handle);
  napi_create_external_arraybuffer(env, ring->map, ring->size, finalize_map, (void *)ring->size, &buffer);
  napi_set_named_property(env, result, "handle", handle);
  napi_set_named_property(env, result, "ring", buffer);
  napi_set_named_property(env, result, "hardwareType", hardware);
  return result;
}

static struct ring *ring_of(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  void *data = NULL;
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 1) return NULL;
  napi_get_value_external(env, argv[0], &data);
  return data;
}

/* statistics(handle) -> [packets, drops, freezes] since the last call; undefined when the socket is gone */
static napi_value statistics(napi_env env, napi_callback_info info) {
  struct ring *ring = ring_of(env, info);
  struct tpacket_stats_v3 counts = {0};
  socklen_t length = sizeof counts;
  napi_value result, value;
  if (ring == NULL || ring->fd < 0) return NULL;
  if (getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &counts, &length) < 0) return NULL;
  unsigned int numbers[3] = {counts.tp_packets, counts.tp_drops, counts.tp_freeze_q_cnt};
  napi_create_array_with_length(env, 3, &result);
  for (uint32_t index = 0; index < 3; index++) {
    napi_create_uint32(env, numbers[index], &value);
    napi_set_element(env, result, index, value);
  }
  return result;
}

/* isBound(handle): false when the interface was removed; one that is only down stays bound (packet(7), sll_ifindex). */
static napi_value is_bound(napi_env env, napi_callback_info info) {
  struct ring *ring = ring_of(env, info);
  struct sockaddr_ll address = {0};
  socklen_t length = sizeof address;
  napi_value result;
  int bound = ring != NULL && ring->fd >= 0 &&
              getsockname(ring->fd, (struct sockaddr *)&address, &length) == 0 && address.sll_ifindex > 0;
  napi_get_boolean(env, bound != 0, &result);
  return result;
}

/* hardwareType(interface): its ARPHRD_ number; undefined when there is no such interface. Needs no privilege. */
static napi_value hardware_type(napi_env env, napi_callback_info info) {
  size_t argc = 1, name_length = 0;
  napi_value argv[1], result = NULL;
  struct ifreq device = {0};
  if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || argc < 1) return NULL;
  napi_get_value_string_utf8(env, argv[0], device.ifr_name, sizeof device.ifr_name, &name_length);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return NULL;
  if (ioctl(fd, SIOCGIFHWADDR, &device) == 0) napi_create_uint32(env, device.ifr_hwaddr.sa_family, &result);
  close(fd);
  return result;
}

/* close(handle): the socket ends, and with it the capture. */
static napi_value close_ring(napi_env env, napi_callback_info info) {
  struct ring *ring = ring_of(env, info);
  (void)env;
  if (ring != NULL && ring->fd >= 0) {
    close(ring->fd);
    ring->fd = -1;
  }
  return NULL;
}

static napi_value init(napi_env env, napi_value exports) {
  napi_property_descriptor functions[] = {
      {"open", NULL, open_ring, NULL, NULL, NULL, napi_default, NULL},
      {"statistics", NULL, statistics, NULL, NULL, NULL, napi_default, NULL},
      {"isBound", NULL, is_bound, NULL, NULL, NULL, napi_default, NULL},
      {"hardwareType", NULL, hardware_type, NULL, NULL, NULL, napi_default, NULL},
      {"close", NULL, close_ring, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}

NAPI_MODULE(NODE_GYP_MODULE_NAME, init)
