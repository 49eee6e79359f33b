/* The child process of every scenario: it does what a script says and keeps a log of what befalls it.
 *
 *     child FOLDER ROLE [ARGUMENT...]
 *
 * FOLDER/ROLE.script has one block of operations for each start of the role, each ends with a line "--", and the last
 * block serves all further starts. Without a script the role "main" goes on forever and any other ends at once.
 * README.md lists the operations.
 *
 * Each start has a log of its own, FOLDER/ROLE.1, FOLDER/ROLE.2 …: one JSON object a line, times in microseconds of the
 * monotonic clock. The log stays locked (flock) as long as the process lives, which whoever looks on can see
 * from any namespace.
 *
 * All signals are blocked from the first moment on and taken by sigtimedwait, so none is missed and none interrupts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FOREVER_MS = 90000, OUTLIVED = 99, BAD_SCRIPT = 98, NO_FOLDER = 97, SIGNALS = 65 };

static struct {
    const char *folder;
    const char *role;
    int start; /* of this role: the first is 1 */
    char **argv;
    int log;
    pid_t child; /* the last one that was forked */
    int begun; /* a child: where its parent waits for its pid */
    mode_t umask; /* this and the next two: as they were at the start */
    sigset_t blocked;
    sigset_t ignored;
} me;

/* What to do about a signal: wait, then act; without an action die of it. */
static struct reaction {
    int delay_ms;
    char act[200];
} reactions[SIGNALS];

static void perform(char *operation);

/* ---- the log ---------------------------------------------------------------------------------------------------- */

static char line[1 << 17];
static size_t used;

static void put(const char *format, ...) {
    va_list values;
    va_start(values, format);
    used += (size_t)vsnprintf(line + used, sizeof line - used, format, values);
    va_end(values);
    if (used >= sizeof line) _exit(BAD_SCRIPT);
}

static void put_text(const char *text) {
    put("\"");
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') put("\\%c", byte);
        else if (byte < ' ' || byte == 0x7f) put("\\u%04x", byte);
        else put("%c", byte);
    }
    put("\"");
}

static void put_texts(const char *key, char **texts) {
    put(",\"%s\":[", key);
    for (int i = 0; texts[i]; i++) {
        if (i) put(",");
        put_text(texts[i]);
    }
    put("]");
}

static long long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void open_line(const char *event) {
    used = 0;
    put("{\"t\":%lld,\"event\":\"%s\"", now_us(), event);
}

static void close_line(void) {
    put("}\n");
    if (write(me.log, line, used) < 0) _exit(NO_FOLDER);
}

static void note(const char *event, const char *detail) {
    open_line(event);
    put(",\"what\":");
    put_text(detail);
    close_line();
}

/* ---- signals ---------------------------------------------------------------------------------------------------- */

static const char *name_of(int number) {
    static char digits[12];
    const char *name = sigabbrev_np(number);
    snprintf(digits, sizeof digits, "%d", number);
    return name ? name : digits;
}

static int number_of(const char *name) {
    for (int number = 1; number < SIGNALS; number++)
        if (!strcmp(name_of(number), name)) return number;
    _exit(BAD_SCRIPT);
}

static void leave(int code) {
    char digits[12];
    snprintf(digits, sizeof digits, "%d", code);
    note("exit", digits);
    _exit(code);
}

static void die_of(int number, int dump) {
    const struct rlimit nothing = {0, 0};
    sigset_t just_this;
    note("die", name_of(number));
    if (!dump) setrlimit(RLIMIT_CORE, &nothing);
    signal(number, SIG_DFL);
    raise(number);
    sigemptyset(&just_this);
    sigaddset(&just_this, number);
    sigprocmask(SIG_UNBLOCK, &just_this, NULL);
    pause();
}

static void spend(long long ms);

static void on_signal(int number) {
    struct reaction *reaction = &reactions[number], chosen = *reaction;
    if (number == SIGCHLD) return;
    note("signal", name_of(number));
    if (!*chosen.act) {
        if (number == SIGCONT || number == SIGURG || number == SIGWINCH) return;
        die_of(number, 0);
    }
    if (!strcmp(chosen.act, "ignore")) return;
    strcpy(reaction->act, "ignore"); /* the same again, meanwhile, changes nothing */
    spend(chosen.delay_ms);
    *reaction = chosen;
    char act[sizeof chosen.act];
    perform(strcpy(act, chosen.act));
}

/* Let time pass, minding the signals. */
static void spend(long long ms) {
    long long until = now_us() + ms * 1000, left;
    sigset_t every;
    sigfillset(&every);
    while ((left = until - now_us()) > 0) {
        struct timespec span = {left / 1000000, left % 1000000 * 1000};
        int number = sigtimedwait(&every, NULL, &span);
        if (number > 0) on_signal(number);
    }
}

/* ---- a role ----------------------------------------------------------------------------------------------------- */

static char *in_folder(const char *format, const char *role, int number) {
    static char path[700];
    int length = snprintf(path, sizeof path, "%s/", me.folder);
    snprintf(path + length, sizeof path - (size_t)length, format, role, number);
    return path;
}

static void open_log(void) {
    mode_t mask = umask(0); /* another start may be another user's */
    for (me.log = -1, me.start = 0; me.log < 0;) {
        me.log = open(in_folder("%s.%d", me.role, ++me.start), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
        if (me.log < 0 && errno != EEXIST) {
            perror(me.folder);
            _exit(NO_FOLDER);
        }
    }
    umask(mask);
    flock(me.log, LOCK_EX);
}

static void note_start(void) {
    static const char *const handed[] = {"SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS", "MAINPID"};
    open_line("start");
    put(",\"pid\":%d", (int)getpid());
    for (size_t i = 0; i < sizeof handed / sizeof *handed; i++)
        if (getenv(handed[i])) {
            put(",\"%s\":", handed[i]);
            put_text(getenv(handed[i]));
        }
    close_line();
}

/* Perform the block of this start, or the last one. */
static void perform_script(FILE *script) {
    static char operations[200][400];
    int count = 0, over = 0;
    for (int block = 1; !over && block <= me.start; block++) {
        char next[sizeof *operations];
        int here = 0;
        while (!(over = !fgets(next, sizeof next, script)) && strcmp(next, "--\n")) {
            if (here == 200) _exit(BAD_SCRIPT);
            next[strcspn(next, "\n")] = 0;
            strcpy(operations[here++], next);
        }
        if (!over) count = here;
    }
    fclose(script);
    for (int i = 0; i < count; i++) perform(operations[i]);
}

static _Noreturn void play(const char *role) {
    me.role = role;
    open_log();
    note_start();
    if (me.begun) {
        pid_t pid = getpid();
        if (write(me.begun, &pid, sizeof pid) < 0) _exit(NO_FOLDER);
        close(me.begun);
        me.begun = 0;
    }
    FILE *script = fopen(in_folder("%s.script", role, 0), "re");
    char forever[] = "forever";
    if (script) perform_script(script);
    else if (!strcmp(role, "main")) perform(forever);
    leave(0);
    __builtin_unreachable();
}

/* ---- operations ------------------------------------------------------------------------------------------------- */

static pid_t pid_of(const char *who) {
    const char *main_pid = getenv("MAINPID");
    if (!strcmp(who, "self")) return getpid();
    if (!strcmp(who, "child")) return me.child;
    if (!strcmp(who, "parent")) return getppid();
    if (!strcmp(who, "mainpid")) return main_pid ? atoi(main_pid) : 0;
    _exit(BAD_SCRIPT);
}

static void op_sleep(char *words) {
    spend(atoll(words));
}

static void op_forever(char *words) {
    (void)words;
    spend(FOREVER_MS);
    leave(OUTLIVED);
}

static void op_exit(char *words) {
    leave(atoi(words));
}

static void op_die(char *words) {
    char *name = strtok(words, " "), *how = strtok(NULL, " ");
    die_of(number_of(name), how && !strcmp(how, "core"));
}

static void op_on(char *words) {
    char name[20];
    struct reaction reaction;
    if (sscanf(words, "%19s %d %199[^\n]", name, &reaction.delay_ms, reaction.act) != 3) _exit(BAD_SCRIPT);
    reactions[number_of(name)] = reaction;
}

static void op_notify(char *words) {
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path) {
        note("notify", "skipped");
        return;
    }
    used = 0; /* the line is free: the message is made in it */
    for (const char *at = words; *at;) {
        static const char *const who[] = {"self", "child", "parent"};
        size_t i = 0;
        while (*at == '$' && i < 3 && strncmp(at + 1, who[i], strlen(who[i]))) i++;
        if (*at != '$' || i == 3) put("%c", *at == '|' ? '\n' : *at), at++;
        else put("%d", (int)pid_of(who[i])), at += 1 + strlen(who[i]);
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (*path == '@') address.sun_path[0] = 0;
    int from = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    ssize_t sent = sendto(from, line, used, MSG_NOSIGNAL, (struct sockaddr *)&address, length);
    close(from);
    note("notify", sent < 0 ? "failed" : "sent");
}

static void op_watchdog(char *words) {
    int pause_ms = 0, times = 0;
    sscanf(words, "%d %d", &pause_ms, &times);
    while (times--) {
        char keep_alive[] = "WATCHDOG=1";
        spend(pause_ms);
        op_notify(keep_alive);
    }
}

/* The parent goes on once the new role has begun, so that starts have one order. */
static void op_fork(char *words) {
    char *role = strtok(words, " "), *how = strtok(NULL, " ");
    int begun[2];
    if (pipe2(begun, O_CLOEXEC)) _exit(NO_FOLDER);
    pid_t between = fork();
    if (!between) {
        if (how) {
            setsid();
            if (fork()) _exit(0);
        }
        close(me.log); /* the lock is its parent's */
        memset(reactions, 0, sizeof reactions);
        me.begun = begun[1];
        play(role);
    }
    close(begun[1]);
    if (read(begun[0], &me.child, sizeof me.child) < 0) _exit(NO_FOLDER);
    close(begun[0]);
    if (how) waitpid(between, NULL, 0);
}

static void op_waitchild(char *words) {
    (void)words;
    while (waitpid(-1, NULL, WNOHANG) >= 0) spend(10);
}

static void op_pidfile(char *words) {
    char *path = strtok(words, " "), *who = strtok(NULL, " ");
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    dprintf(file, "%d\n", (int)pid_of(who));
    close(file);
}

static void op_print(char *words) {
    dprintf(1, "%s\n", words);
}

static void op_eprint(char *words) {
    dprintf(2, "%s\n", words);
}

static void op_touch(char *words) {
    close(open(words, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static void op_unlink(char *words) {
    unlink(words);
}

static void op_killpid(char *words) {
    char *name = strtok(words, " "), *who = strtok(NULL, " ");
    pid_t pid = pid_of(who);
    if (pid > 0) kill(pid, number_of(name));
}

/* ---- facts: what the process was given -------------------------------------------------------------------------- */

static void put_signals(const char *key, const sigset_t *set) {
    char *names[SIGNALS] = {NULL};
    for (int number = 1, count = 0; number < 32; number++)
        if (sigismember(set, number)) names[count++] = (char *)(size_t)name_of(number);
    put_texts(key, names);
}

static void put_limits(void) {
    static const struct {
        const char *name;
        int which;
    } limits[] = {
        {"AS", RLIMIT_AS},         {"CORE", RLIMIT_CORE},     {"CPU", RLIMIT_CPU},       {"DATA", RLIMIT_DATA},
        {"FSIZE", RLIMIT_FSIZE},   {"LOCKS", RLIMIT_LOCKS},   {"MEMLOCK", RLIMIT_MEMLOCK}, {"MSGQUEUE", RLIMIT_MSGQUEUE},
        {"NICE", RLIMIT_NICE},     {"NOFILE", RLIMIT_NOFILE}, {"NPROC", RLIMIT_NPROC},   {"RSS", RLIMIT_RSS},
        {"RTPRIO", RLIMIT_RTPRIO}, {"RTTIME", RLIMIT_RTTIME}, {"SIGPENDING", RLIMIT_SIGPENDING}, {"STACK", RLIMIT_STACK},
    };
    put(",\"limits\":{");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit limit = {0, 0};
        getrlimit(limits[i].which, &limit); /* infinity is -1 */
        put("%s\"%s\":[%lld,%lld]", i ? "," : "", limits[i].name, (long long)limit.rlim_cur, (long long)limit.rlim_max);
    }
    put("}");
}

static void put_identity(void) {
    gid_t groups[64];
    int count = getgroups(64, groups);
    put(",\"uid\":%d,\"euid\":%d,\"gid\":%d,\"groups\":[", (int)getuid(), (int)geteuid(), (int)getgid());
    for (int i = 0; i < count; i++) put("%s%d", i ? "," : "", (int)groups[i]);
    put("],\"no_new_privs\":%d", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    put(",\"session_leader\":%s", getsid(0) == getpid() ? "true" : "false");
    put(",\"group_leader\":%s", getpgrp() == getpid() ? "true" : "false");
}

static void put_scheduling(void) {
    struct sched_param param = {0};
    int policy = sched_getscheduler(0);
    long io = syscall(SYS_ioprio_get, 1, 0); /* of this process: class << 13 | priority */
    cpu_set_t cpus;
    sched_getparam(0, &param);
    put(",\"nice\":%d,\"sched_policy\":%d", getpriority(PRIO_PROCESS, 0), policy & ~SCHED_RESET_ON_FORK);
    put(",\"sched_priority\":%d,\"sched_reset_on_fork\":%d", param.sched_priority, !!(policy & SCHED_RESET_ON_FORK));
    put(",\"io_class\":%ld,\"io_priority\":%ld", io >> 13, io & 0x1fff);
    put(",\"timer_slack_ns\":%d,\"cpus\":[", prctl(PR_GET_TIMERSLACK));
    CPU_ZERO(&cpus);
    sched_getaffinity(0, sizeof cpus, &cpus);
    for (int cpu = 0, count = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &cpus)) put("%s%d", count++ ? "," : "", cpu);
    put("]");
}

static void put_files(void) {
    char link[40], text[1024];
    int score = 0;
    FILE *file = fopen("/proc/self/oom_score_adj", "re");
    if (file && fscanf(file, "%d", &score) != 1) score = 0;
    if (file) fclose(file);
    put(",\"oom_score_adj\":%d,\"umask\":\"%04o\",\"cwd\":", score, me.umask);
    put_text(getcwd(text, sizeof text) ? text : "");
    put(",\"fds\":[");
    for (int number = 0; number < 3; number++) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", number);
        ssize_t length = readlink(link, text, sizeof text - 1);
        text[length > 0 ? length : 0] = 0;
        if (number) put(",");
        put_text(text);
    }
    put("]");
}

static void op_facts(char *words) {
    (void)words;
    open_line("facts");
    put_texts("argv", me.argv);
    put_texts("env", environ);
    put_identity();
    put_scheduling();
    put_files();
    put_limits();
    put_signals("signals_ignored", &me.ignored);
    put_signals("signals_blocked", &me.blocked);
    close_line();
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*perform)(char *words);
} operations[] = {
    {"sleep", op_sleep},     {"forever", op_forever}, {"exit", op_exit},           {"die", op_die},
    {"on", op_on},           {"notify", op_notify},   {"watchdog", op_watchdog},   {"fork", op_fork},
    {"waitchild", op_waitchild}, {"pidfile", op_pidfile}, {"print", op_print},     {"eprint", op_eprint},
    {"touch", op_touch},     {"unlink", op_unlink},   {"killpid", op_killpid},     {"facts", op_facts},
};

static void perform(char *operation) {
    char *words = operation + strcspn(operation, " ");
    if (*words) *words++ = 0;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (!strcmp(operations[i].name, operation)) {
            operations[i].perform(words);
            return;
        }
    note("unknown", operation);
    _exit(BAD_SCRIPT);
}

int main(int argc, char **argv) {
    sigset_t every;
    struct sigaction action;
    if (argc < 3) {
        fprintf(stderr, "usage: child FOLDER ROLE [ARGUMENT...]\n");
        return 2;
    }
    sigfillset(&every);
    sigprocmask(SIG_SETMASK, &every, &me.blocked);
    for (int number = 1; number < 32; number++)
        if (!sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN) {
            sigaddset(&me.ignored, number);
            strcpy(reactions[number].act, "ignore");
        }
    me.umask = umask(0);
    umask(me.umask);
    me.folder = argv[1];
    me.argv = argv;
    play(argv[2]);
}
