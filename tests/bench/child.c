/* A service to measure supervisors by: notes when it starts and when it is about to end, on the monotonic clock.
   child LOG FIFO MILLISECONDS CODE; 0 milliseconds: until it is killed. While it lives it holds FIFO open. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void note(int log, char what) {
    struct timespec now;
    char line[64];
    clock_gettime(CLOCK_MONOTONIC, &now);
    int length = snprintf(line, sizeof line, "%c %d %lld%09ld\n", what, getpid(), (long long)now.tv_sec, now.tv_nsec);
    if (write(log, line, length) != length) _exit(99);
}

int main(int argc, char **argv) {
    if (argc != 5) return 98;
    int log = open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0666);
    note(log, 'S');
    open(argv[2], O_WRONLY);
    int milliseconds = atoi(argv[3]);
    if (milliseconds == 0) for (;;) pause();
    struct timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    nanosleep(&rest, NULL);
    note(log, 'E');
    _exit(atoi(argv[4]));
}
