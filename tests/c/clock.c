/* Moves the system's clock for one process, while it runs, and counts its flushes to the disk.
 *
 * Preloaded into the server (LD_PRELOAD). The file named by CLOCK_CONTROL is mapped; it holds two 64-bit words: by how
 * many seconds the wall clock is off, which a test sets, and how often fdatasync was called. All other clocks go on as they do,
 * as when somebody sets the time of a machine. The system is asked directly, as looking up the real functions may ask for
 * the time itself.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    volatile int64_t offset_seconds, flushes;
};

static struct control *control;

__attribute__((constructor)) static void map_control(void) {
    const char *path = getenv("CLOCK_CONTROL");
    int fd = path ? open(path, O_RDWR) : -1;
    if (fd < 0) return;
    void *at = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED) control = at;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    int is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (result == 0 && is_wall && control) now->tv_sec += control->offset_seconds;
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    struct timespec at;
    if (clock_gettime(CLOCK_REALTIME, &at) != 0) return -1;
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec at;
    if (clock_gettime(CLOCK_REALTIME, &at) != 0) return -1;
    if (now) *now = at.tv_sec;
    return at.tv_sec;
}

int fdatasync(int fd) {
    if (control) __atomic_add_fetch(&control->flushes, 1, __ATOMIC_SEQ_CST);
    return (int)syscall(SYS_fdatasync, fd);
}
