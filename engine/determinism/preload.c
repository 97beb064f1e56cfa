/* The shim of a controlled experiment: a step's time, randomness, kernel and directory order, held or varied.
 *
 *     gcc -shared -fPIC -Os -nostdlib … -o preload.bin preload.c   (the whole line: preload.sh)
 *
 * It is preloaded into every dynamic program of a step. It needs no libc of its own: system calls
 * are made here, and what is wanted of the program's own libc is asked for by name, and may be
 * missing. Which experiment it is stands in `setting`, whose bytes are written over before each run.
 */

typedef long i64;
typedef unsigned long u64;
struct timespec { i64 sec, nsec; };
#define SECOND 1000000000L
#define REAL_CLOCK(which) ((which) == 0 || (which) == 5 || (which) == 8 || (which) == 11)
#define LIKELY_REAL 500000000L /* seconds: a deadline beyond is of the real clock, none other gets there */
#define FREE_CALLS 1000        /* a program that asks so often waits for the time to pass */
#define NEXT ((void *)-1L)
#define WEAK __attribute__((weak))

enum { AS_IT_IS, SHIFTED, HELD };
enum { UNSORTED, SORTED, REVERSED };

static volatile struct {
    char magic[16];
    i64 clock;   /* AS_IT_IS, SHIFTED by `seconds`, HELD at `seconds` */
    i64 seconds;
    i64 since;   /* file times from here on are of this run */
    i64 random;  /* 1: held */
    i64 order;   /* of directories */
    i64 machine; /* 1: its kernel is another, as in the files that are laid over /proc */
} setting __attribute__((section(".data"), used)) = {"tally-setting-2", 0, 0, 0, 0, 0, 0};

extern void *dlsym(void *, const char *) WEAK;
extern void *dlvsym(void *, const char *, const char *) WEAK;
extern int *__errno_location(void) WEAK;

static i64 call(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
    register i64 r10 __asm__("r10") = d;
    register i64 r8 __asm__("r8") = e;
    register i64 r9 __asm__("r9") = f;
    i64 gave;
    __asm__ volatile("syscall" : "=a"(gave)
                     : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return gave;
}

static i64 answer(i64 gave) {
    if (gave < 0 && gave > -4096) {
        if (__errno_location) *__errno_location() = (int)-gave;
        return -1;
    }
    return gave;
}

/* time ------------------------------------------------------------------------------------------ */

static i64 passed; /* nanoseconds that a held clock has gone: what was slept, and for who waits busily */
static i64 calls;

static void real(int which, struct timespec *at) { call(228, which, (i64)at, 0, 0, 0, 0); }

static void pass(i64 nanoseconds) {
    if (setting.clock == HELD && nanoseconds > 0) __atomic_fetch_add(&passed, nanoseconds, __ATOMIC_SEQ_CST);
}

static i64 now(int which, struct timespec *at) {
    if (setting.clock == HELD) {
        if (__atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST) > FREE_CALLS) pass(10000);
        i64 gone = __atomic_load_n(&passed, __ATOMIC_SEQ_CST);
        at->sec = (REAL_CLOCK(which) ? setting.seconds : 1000) + gone / SECOND;
        at->nsec = gone % SECOND;
        return 0;
    }
    i64 gave = call(228, which, (i64)at, 0, 0, 0, 0);
    if (gave == 0 && setting.clock == SHIFTED && REAL_CLOCK(which)) at->sec += setting.seconds;
    return gave;
}

int clock_gettime(int which, struct timespec *at) {
    if (which < 0 || which > 11) return (int)answer(call(228, which, (i64)at, 0, 0, 0, 0));
    return (int)answer(now(which, at));
}

i64 time(i64 *out) {
    struct timespec at;
    now(0, &at);
    if (out) *out = at.sec;
    return at.sec;
}

int gettimeofday(i64 *out, void *zone) {
    struct timespec at;
    (void)zone;
    now(0, &at);
    if (out) { out[0] = at.sec; out[1] = at.nsec / 1000; }
    return 0;
}

int timespec_get(struct timespec *out, int base) {
    if (base != 1) return 0;
    now(0, out);
    return 1;
}

i64 clock(void) {
    struct timespec at;
    now(2, &at);
    if (setting.clock == HELD) at.sec -= 1000;
    return at.sec * 1000000 + at.nsec / 1000;
}

/* how long until a deadline of a clock, as the program sees that clock */
static i64 until(int which, const struct timespec *deadline) {
    struct timespec at;
    now(which, &at);
    i64 left = (deadline->sec - at.sec) * SECOND + deadline->nsec - at.nsec;
    return left < 0 ? 0 : left;
}

/* a deadline of the kernel's clock that is as far away */
static struct timespec moved(int which, const struct timespec *deadline) {
    struct timespec at;
    i64 left = until(which, deadline);
    real(which, &at);
    at.sec += left / SECOND;
    at.nsec += left % SECOND;
    if (at.nsec >= SECOND) { at.sec++; at.nsec -= SECOND; }
    return at;
}

int clock_nanosleep(int which, int flags, const struct timespec *want, struct timespec *rest) {
    struct timespec span = *want;
    if (flags & 1) {
        i64 left = until(which, want);
        span.sec = left / SECOND;
        span.nsec = left % SECOND;
    }
    i64 gave = call(230, 1, 0, (i64)&span, (i64)((flags & 1) ? 0 : rest), 0, 0);
    if (gave == 0) pass(span.sec * SECOND + span.nsec);
    return (int)-gave;
}

int nanosleep(const struct timespec *want, struct timespec *rest) {
    i64 gave = call(35, (i64)want, (i64)rest, 0, 0, 0, 0);
    if (gave == 0) pass(want->sec * SECOND + want->nsec);
    return (int)answer(gave);
}

int usleep(unsigned microseconds) {
    struct timespec want = {microseconds / 1000000, (microseconds % 1000000) * 1000L};
    return nanosleep(&want, 0);
}

unsigned sleep(unsigned seconds) {
    struct timespec want = {seconds, 0}, rest = {0, 0};
    return nanosleep(&want, &rest) ? (unsigned)rest.sec : 0;
}

static void *next(const char *name, const char *version) {
    void *found = dlvsym && version ? dlvsym(NEXT, name, version) : 0;
    return found || !dlsym ? found : dlsym(NEXT, name);
}

#define WAIT(name, version, arguments, clock_of, deadline, passing)                  \
    int name arguments {                                                             \
        static int(*real_##name) arguments;                                          \
        if (!real_##name) real_##name = (int(*) arguments)next(#name, version);      \
        if (!real_##name) return 38;                                                 \
        i64 left = until(clock_of, deadline);                                        \
        struct timespec at = moved(clock_of, deadline);                              \
        int gave = real_##name passing;                                              \
        if (gave) pass(left);                                                        \
        return gave;                                                                 \
    }
#define CLOCK_OF(t) ((t)->sec > LIKELY_REAL ? 0 : 1)

WAIT(pthread_cond_timedwait, "GLIBC_2.3.2", (void *c, void *m, const struct timespec *t), CLOCK_OF(t), t, (c, m, &at))
WAIT(pthread_cond_clockwait, 0, (void *c, void *m, int k, const struct timespec *t), k, t, (c, m, k, &at))
WAIT(pthread_mutex_timedlock, 0, (void *m, const struct timespec *t), 0, t, (m, &at))
WAIT(pthread_mutex_clocklock, 0, (void *m, int k, const struct timespec *t), k, t, (m, k, &at))
WAIT(sem_timedwait, 0, (void *s, const struct timespec *t), 0, t, (s, &at))
WAIT(sem_clockwait, 0, (void *s, int k, const struct timespec *t), k, t, (s, k, &at))

int poll(void *fds, u64 count, int milliseconds) {
    i64 gave = call(7, (i64)fds, (i64)count, milliseconds, 0, 0, 0);
    if (gave == 0 && milliseconds > 0) pass(milliseconds * 1000000L);
    return (int)answer(gave);
}

int select(int count, void *reading, void *writing, void *failing, i64 *span) {
    i64 want = span ? span[0] * SECOND + span[1] * 1000 : 0;
    i64 gave = call(23, count, (i64)reading, (i64)writing, (i64)failing, (i64)span, 0);
    if (gave == 0) pass(want);
    return (int)answer(gave);
}

int epoll_wait(int poller, void *events, int most, int milliseconds) {
    i64 gave = call(232, poller, (i64)events, most, milliseconds, 0, 0);
    if (gave == 0 && milliseconds > 0) pass(milliseconds * 1000000L);
    return (int)answer(gave);
}

/* the times of files that this run made --------------------------------------------------------- */

static void retime(i64 *seconds, i64 *nanoseconds) {
    if (*seconds < setting.since || setting.clock == AS_IT_IS) return;
    if (setting.clock == SHIFTED) { *seconds += setting.seconds; return; }
    *seconds = setting.seconds;
    *nanoseconds = 0;
}

static int stated(i64 gave, char *stat) {
    if (gave == 0)
        for (int at = 72; at <= 104; at += 16) retime((i64 *)(stat + at), (i64 *)(stat + at + 8));
    return (int)answer(gave);
}

#define ALIAS(name, of) extern __typeof__(of) name __attribute__((alias(#of)));
int stat(const char *path, char *to) { return stated(call(4, (i64)path, (i64)to, 0, 0, 0, 0), to); }
int lstat(const char *path, char *to) { return stated(call(6, (i64)path, (i64)to, 0, 0, 0, 0), to); }
int fstat(int fd, char *to) { return stated(call(5, fd, (i64)to, 0, 0, 0, 0), to); }
int fstatat(int fd, const char *path, char *to, int flags) {
    return stated(call(262, fd, (i64)path, (i64)to, flags, 0, 0), to);
}
int __xstat(int version, const char *path, char *to) { (void)version; return stat(path, to); }
int __lxstat(int version, const char *path, char *to) { (void)version; return lstat(path, to); }
int __fxstat(int version, int fd, char *to) { (void)version; return fstat(fd, to); }
int __fxstatat(int version, int fd, const char *path, char *to, int flags) {
    (void)version;
    return fstatat(fd, path, to, flags);
}
ALIAS(stat64, stat) ALIAS(lstat64, lstat) ALIAS(fstat64, fstat) ALIAS(fstatat64, fstatat)
ALIAS(__xstat64, __xstat) ALIAS(__lxstat64, __lxstat) ALIAS(__fxstat64, __fxstat) ALIAS(__fxstatat64, __fxstatat)

int statx(int fd, const char *path, int flags, unsigned mask, char *to) {
    i64 gave = call(332, fd, (i64)path, flags, mask, (i64)to, 0);
    if (gave == 0)
        for (int at = 64; at <= 112; at += 16) {
            i64 nanoseconds = *(unsigned *)(to + at + 8);
            retime((i64 *)(to + at), &nanoseconds);
            *(unsigned *)(to + at + 8) = (unsigned)nanoseconds;
        }
    return (int)answer(gave);
}

/* random bytes ---------------------------------------------------------------------------------- */

static u64 state = 88172645463325252UL;

static void fill(unsigned char *to, u64 size) {
    for (u64 at = 0; at < size; at++) {
        u64 x = state;
        x ^= x << 13; x ^= x >> 7; x ^= x << 17;
        state = x;
        to[at] = (unsigned char)(x >> 24);
    }
}

i64 getrandom(void *to, u64 size, unsigned flags) {
    if (!setting.random) return answer(call(318, (i64)to, (i64)size, flags, 0, 0, 0));
    fill(to, size);
    return (i64)size;
}

int getentropy(void *to, u64 size) {
    if (size > 256) return (int)answer(-5);
    return getrandom(to, size, 0) == (i64)size ? 0 : -1;
}

void arc4random_buf(void *to, u64 size) {
    for (u64 got = 0; got < size;) {
        i64 more = getrandom((char *)to + got, size - got, 0);
        if (more > 0) got += (u64)more;
    }
}
unsigned arc4random(void) { unsigned value; arc4random_buf(&value, 4); return value; }
unsigned arc4random_uniform(unsigned bound) {
    if (bound < 2) return 0;
    unsigned value, least = -bound % bound;
    do value = arc4random(); while (value < least);
    return value % bound;
}

/* the kernel ------------------------------------------------------------------------------------ */

static void put_text(char *to, const char *text) {
    do *to++ = *text; while (*text++);
}

int uname(char *to) { /* six texts of 65 bytes; of them the third and fourth say which kernel it is */
    i64 gave = call(63, (i64)to, 0, 0, 0, 0, 0);
    if (gave == 0 && setting.machine) {
        put_text(to + 130, "6.1.0-other");
        put_text(to + 195, "#1 SMP");
    }
    return (int)answer(gave);
}

/* the order of directories ---------------------------------------------------------------------- */

struct entry { u64 inode; i64 offset; unsigned short size; unsigned char kind; char name[]; };
#define OPEN_MOST 256
static struct listing { void *of; char *memory; u64 size, used, count, at; struct entry **sorted; } listings[OPEN_MOST];
static int locked;

static void lock(void) { while (__atomic_exchange_n(&locked, 1, __ATOMIC_ACQUIRE)) call(24, 0, 0, 0, 0, 0, 0); }
static void unlock(void) { __atomic_store_n(&locked, 0, __ATOMIC_RELEASE); }

static void *pages(u64 size) {
    i64 gave = call(9, 0, (i64)size, 3, 0x22, -1, 0);
    return gave < 0 && gave > -4096 ? 0 : (void *)gave;
}
static void copy(char *to, const char *from, u64 size) {
    for (volatile u64 at = 0; at < size; at++) to[at] = from[at];
}
static int before(const struct entry *a, const struct entry *b) {
    const unsigned char *x = (const unsigned char *)a->name, *y = (const unsigned char *)b->name;
    while (*x && *x == *y) { x++; y++; }
    return setting.order == REVERSED ? *x > *y : *x < *y;
}

static struct listing *find(void *of) {
    for (int at = 0; at < OPEN_MOST; at++)
        if (listings[at].of == of) return &listings[at];
    return 0;
}

static void forget(void *of) {
    lock();
    struct listing *one = find(of);
    if (one) {
        call(11, (i64)one->memory, (i64)one->size, 0, 0, 0, 0);
        if (one->sorted) call(11, (i64)one->sorted, (i64)(one->count * 8 + 8), 0, 0, 0, 0);
        one->of = 0;
    }
    unlock();
}

static int gather(struct listing *one, struct entry *(*readdir_)(void *)) {
    for (struct entry *entry; (entry = readdir_(one->of));) {
        u64 size = ((u64)entry->size + 15) & ~7UL;
        if (one->used + size > one->size) {
            char *more = pages(one->size * 2);
            if (!more) return 0;
            copy(more, one->memory, one->used);
            call(11, (i64)one->memory, (i64)one->size, 0, 0, 0, 0);
            one->memory = more;
            one->size *= 2;
        }
        struct entry *kept = (struct entry *)(one->memory + one->used);
        copy((char *)kept, (char *)entry, entry->size);
        one->used += ((u64)entry->size + 7) & ~7UL;
        one->count++;
    }
    one->sorted = pages(one->count * 8 + 8);
    if (!one->sorted) return 0;
    u64 place = 0;
    for (u64 at = 0; at < one->count; at++) {
        one->sorted[at] = (struct entry *)(one->memory + place);
        place += ((u64)one->sorted[at]->size + 7) & ~7UL;
    }
    u64 gap = 1;
    while (gap < one->count / 3) gap = 3 * gap + 1;
    for (; gap; gap /= 3)
        for (u64 at = gap; at < one->count; at++) {
            struct entry *moving = one->sorted[at];
            u64 to = at;
            for (; to >= gap && before(moving, one->sorted[to - gap]); to -= gap) one->sorted[to] = one->sorted[to - gap];
            one->sorted[to] = moving;
        }
    return 1;
}

struct entry *readdir(void *of) {
    static struct entry *(*real_readdir)(void *);
    if (!real_readdir) real_readdir = (struct entry * (*)(void *)) next("readdir", 0);
    if (!real_readdir) return 0;
    if (setting.order == UNSORTED) return real_readdir(of);
    struct entry *gave = 0;
    lock();
    struct listing *one = find(of);
    if (!one && (one = find(0))) {
        *one = (struct listing){of, pages(65536), 65536, 0, 0, 0, 0};
        if (!one->memory || !gather(one, real_readdir)) one->of = 0;
    }
    if (one && one->of == of) gave = one->at < one->count ? one->sorted[one->at++] : 0;
    unlock();
    return one && one->of == of ? gave : real_readdir(of);
}
ALIAS(readdir64, readdir)

int closedir(void *of) {
    int (*real_closedir)(void *) = (int (*)(void *))next("closedir", 0);
    forget(of);
    return real_closedir ? real_closedir(of) : 0;
}
void rewinddir(void *of) {
    void (*real_rewinddir)(void *) = (void (*)(void *))next("rewinddir", 0);
    forget(of);
    if (real_rewinddir) real_rewinddir(of);
}
i64 telldir(void *of) {
    i64 (*real_telldir)(void *) = (i64 (*)(void *))next("telldir", 0);
    lock();
    struct listing *one = of ? find(of) : 0;
    i64 at = one ? (i64)one->at : -1;
    unlock();
    return at >= 0 ? at : real_telldir ? real_telldir(of) : -1;
}
void seekdir(void *of, i64 to) {
    void (*real_seekdir)(void *, i64) = (void (*)(void *, i64))next("seekdir", 0);
    lock();
    struct listing *one = of ? find(of) : 0;
    if (one && to >= 0 && (u64)to <= one->count) one->at = (u64)to;
    unlock();
    if (!one && real_seekdir) real_seekdir(of, to);
}
