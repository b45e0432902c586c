/* Makes write, fsync, fdatasync and rename fail when a test says so.
 *
 * Preloaded into the server (LD_PRELOAD). The file named by FAULTS_CONTROL is mapped; it holds, as
 * 32-bit words: which call fails (0 none, 1 write, 2 fsync and fdatasync, 3 rename), how many such
 * calls still succeed before, the errno, and whether the failing write first writes half of its bytes.
 * Only files whose path contains FAULTS_PATH are touched, so logs and sockets go on working.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NONE, WRITE, SYNC, RENAME };

struct control {
    volatile int32_t call, successes_left, error, writes_half;
};

static struct control *control(void) {
    static struct control *mapped;
    const char *path = getenv("FAULTS_CONTROL");
    if (!mapped && path) {
        int fd = open(path, O_RDWR);
        if (fd < 0) return NULL;
        void *at = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        mapped = at == MAP_FAILED ? NULL : at;
    }
    return mapped;
}

static int is_ours(const char *path) {
    const char *part = getenv("FAULTS_PATH");
    return part && strstr(path, part) != NULL;
}

static int is_our_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (len < 0) return 0;
    path[len] = 0;
    return is_ours(path);
}

/* Whether the call has to fail now. */
static int fails(int call) {
    struct control *c = control();
    if (!c || c->call != call) return 0;
    return __atomic_sub_fetch(&c->successes_left, 1, __ATOMIC_SEQ_CST) < 0;
}

static int failed(void) {
    errno = control()->error;
    return -1;
}

ssize_t write(int fd, const void *bytes, size_t len) {
    ssize_t (*real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    struct control *c = control();
    if (c && c->call == WRITE && is_our_fd(fd) && fails(WRITE)) {
        if (c->writes_half && len > 1) return real(fd, bytes, len / 2);
        return failed();
    }
    return real(fd, bytes, len);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    ssize_t (*real)(int, const struct iovec *, int) =
        (ssize_t(*)(int, const struct iovec *, int))dlsym(RTLD_NEXT, "writev");
    struct control *c = control();
    if (c && c->call == WRITE && is_our_fd(fd) && fails(WRITE)) return failed();
    return real(fd, parts, count);
}

int fsync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    return is_our_fd(fd) && fails(SYNC) ? failed() : real(fd);
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    return is_our_fd(fd) && fails(SYNC) ? failed() : real(fd);
}

int rename(const char *from, const char *to) {
    int (*real)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    char path[4096];
    int ours = is_ours(to) || (to[0] != '/' && getcwd(path, sizeof path) && is_ours(path));
    return ours && fails(RENAME) ? failed() : real(from, to);
}
