/* failing: the C library with system calls that fail when they are told to. For LD_PRELOAD.
 *
 * Nothing happens before fault_watch(). From then on each call that concerns a file below a given
 * directory is counted by its class; the n-th of one class, or all from there, fails with an errno,
 * or, of a write, does half of it. What was struck is written to a descriptor, a line each.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN, READ, WRITE, SYNC, NAME, UNLINK, MKDIR, TRUNCATE, MARK, LOOK, MAP, LOCK, NEW, CLASSES };
enum { SHORT = -1, ANY = -1000 };

static char below[PATH_MAX];
static size_t below_length;
static atomic_int watching;
static atomic_long counts[CLASSES];
static int bad_class = -1, bad_error, bad_always, told;
static long bad_number;

void fault_watch(const char *directory) {
  below_length = strlen(directory);
  memcpy(below, directory, below_length + 1);
  watching = 1;
}

void fault_arm(int class, int error, long number, int always, int tell) {
  bad_class = class, bad_error = error, bad_number = number, bad_always = always, told = tell;
}

long fault_count(int class) { return counts[class]; }

static int is_below(const char *path) {
  return !strncmp(path, below, below_length) && (!path[below_length] || path[below_length] == '/');
}

static int of_descriptor(int descriptor, char *path) {
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = 0;
  return length > 0;
}

static int concerns(int descriptor, const char *path) {
  char full[PATH_MAX];
  if (!watching || descriptor == ANY) return watching;
  if (path && path[0] == '/') return is_below(path);
  if (descriptor == AT_FDCWD) return getcwd(full, sizeof full) && is_below(full);
  return of_descriptor(descriptor, full) && is_below(full);
}

/* Count a call; return what is to become of it: 0, an errno, or SHORT. */
static int fate(int class, const char *call, int descriptor, const char *path) {
  long number = ++counts[class];
  if (class != bad_class || (bad_always ? number < bad_number : number != bad_number)) return 0;
  char name[PATH_MAX], line[PATH_MAX + 64];
  int kept = errno;
  if (!path) path = of_descriptor(descriptor, name) ? name : "?";
  int length = snprintf(line, sizeof line, "%s %s\n", call, path);
  syscall(SYS_write, told, line, length);
  errno = kept;
  return bad_error;
}

#define CALL(type, name, class, descriptor, path, bad, parameters, arguments) \
  type name parameters { \
    static type(*real) parameters; \
    if (!real) real = dlsym(RTLD_NEXT, #name); \
    int error = concerns(descriptor, path) ? fate(class, #name, descriptor, path) : 0; \
    if (error > 0) return errno = error, bad; \
    return real arguments; \
  }

CALL(DIR *, opendir, OPEN, AT_FDCWD, p, NULL, (const char *p), (p))
CALL(DIR *, fdopendir, OPEN, d, NULL, NULL, (int d), (d))

CALL(ssize_t, read, READ, d, NULL, -1, (int d, void *to, size_t n), (d, to, n))
CALL(ssize_t, pread, READ, d, NULL, -1, (int d, void *to, size_t n, off_t o), (d, to, n, o))
CALL(ssize_t, pread64, READ, d, NULL, -1, (int d, void *to, size_t n, off64_t o), (d, to, n, o))

CALL(int, fsync, SYNC, d, NULL, -1, (int d), (d))
CALL(int, fdatasync, SYNC, d, NULL, -1, (int d), (d))
CALL(int, syncfs, SYNC, d, NULL, -1, (int d), (d))

CALL(int, rename, NAME, AT_FDCWD, to, -1, (const char *p, const char *to), (p, to))
CALL(int, renameat, NAME, t, to, -1, (int d, const char *p, int t, const char *to), (d, p, t, to))
CALL(int, link, NAME, AT_FDCWD, to, -1, (const char *p, const char *to), (p, to))
CALL(int, linkat, NAME, t, to, -1,
     (int d, const char *p, int t, const char *to, int f), (d, p, t, to, f))
CALL(int, symlink, NAME, AT_FDCWD, to, -1, (const char *p, const char *to), (p, to))
CALL(int, symlinkat, NAME, t, to, -1, (const char *p, int t, const char *to), (p, t, to))

CALL(int, unlink, UNLINK, AT_FDCWD, p, -1, (const char *p), (p))
CALL(int, unlinkat, UNLINK, d, p, -1, (int d, const char *p, int f), (d, p, f))
CALL(int, rmdir, UNLINK, AT_FDCWD, p, -1, (const char *p), (p))
CALL(int, mkdir, MKDIR, AT_FDCWD, p, -1, (const char *p, mode_t m), (p, m))
CALL(int, mkdirat, MKDIR, d, p, -1, (int d, const char *p, mode_t m), (d, p, m))

CALL(int, ftruncate, TRUNCATE, d, NULL, -1, (int d, off_t n), (d, n))
CALL(int, ftruncate64, TRUNCATE, d, NULL, -1, (int d, off64_t n), (d, n))
CALL(int, posix_fallocate, TRUNCATE, d, NULL, error, (int d, off_t o, off_t n), (d, o, n))
CALL(int, posix_fallocate64, TRUNCATE, d, NULL, error, (int d, off64_t o, off64_t n), (d, o, n))

typedef const struct timespec times[2];
CALL(int, chmod, MARK, AT_FDCWD, p, -1, (const char *p, mode_t m), (p, m))
CALL(int, fchmod, MARK, d, NULL, -1, (int d, mode_t m), (d, m))
CALL(int, fchmodat, MARK, d, p, -1, (int d, const char *p, mode_t m, int f), (d, p, m, f))
CALL(int, utimensat, MARK, d, p, -1, (int d, const char *p, times t, int f), (d, p, t, f))
CALL(int, futimens, MARK, d, NULL, -1, (int d, times t), (d, t))

CALL(int, stat64, LOOK, AT_FDCWD, p, -1, (const char *p, struct stat64 *s), (p, s))
CALL(int, lstat64, LOOK, AT_FDCWD, p, -1, (const char *p, struct stat64 *s), (p, s))
CALL(int, fstat64, LOOK, d, NULL, -1, (int d, struct stat64 *s), (d, s))
CALL(int, fstatat64, LOOK, d, p, -1, (int d, const char *p, struct stat64 *s, int f), (d, p, s, f))

CALL(void *, mmap64, MAP, d, NULL, MAP_FAILED,
     (void *at, size_t n, int prot, int f, int d, off64_t o), (at, n, prot, f, d, o))
CALL(int, flock, LOCK, d, NULL, -1, (int d, int what), (d, what))

/* Descriptors of no file: all of them concern us, for they run out together. */
CALL(int, pipe2, NEW, ANY, NULL, -1, (int d[2], int f), (d, f))
CALL(int, socketpair, NEW, ANY, NULL, -1, (int a, int b, int c, int d[2]), (a, b, c, d))
CALL(int, memfd_create, NEW, ANY, NULL, -1, (const char *name, unsigned f), (name, f))

#define OPENS(name, descriptor, parameters, arguments) \
  int name parameters { \
    static int(*real) parameters; \
    if (!real) real = dlsym(RTLD_NEXT, #name); \
    int error = concerns(descriptor, p) ? fate(OPEN, #name, descriptor, p) : 0; \
    if (error > 0) return errno = error, -1; \
    va_list rest; \
    va_start(rest, f); \
    mode_t m = f & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    return real arguments; \
  }
OPENS(open, AT_FDCWD, (const char *p, int f, ...), (p, f, m))
OPENS(open64, AT_FDCWD, (const char *p, int f, ...), (p, f, m))
OPENS(openat, d, (int d, const char *p, int f, ...), (d, p, f, m))
OPENS(openat64, d, (int d, const char *p, int f, ...), (d, p, f, m))

#define WRITES(name, to, parameters, arguments) \
  ssize_t name parameters { \
    static ssize_t(*real) parameters; \
    if (!real) real = dlsym(RTLD_NEXT, #name); \
    int error = concerns(to, NULL) ? fate(WRITE, #name, to, NULL) : 0; \
    if (error > 0) return errno = error, -1; \
    if (error == SHORT && n > 1) n /= 2; \
    return real arguments; \
  }
WRITES(write, d, (int d, const void *from, size_t n), (d, from, n))
WRITES(pwrite, d, (int d, const void *from, size_t n, off_t o), (d, from, n, o))
WRITES(pwrite64, d, (int d, const void *from, size_t n, off64_t o), (d, from, n, o))
WRITES(writev, d, (int d, const struct iovec *from, int n), (d, from, n))
WRITES(sendfile64, d, (int d, int from, off64_t *o, size_t n), (d, from, o, n))
