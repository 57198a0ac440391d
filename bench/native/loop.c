/* The machine's limit for live: a bare server that, for each post, writes one frame to each socket in a plain loop.

   loop PORT BYTES

   It speaks just enough for `sockets` and `http_load`: any upgrade is granted, the channel named in a tab's frame is
   its room, and POST /api/v1/channels/ID/posts writes a frame of BYTES bytes, with the mark of the request's body, to
   every socket of that room before it is answered. Nothing is checked, stored or rendered. */

#include "common.h"

#include <poll.h>

#define ID 36
#define ROOMS 1024
#define MOST 65536
#define SHOWN "{\"t\":\"shown\"}"
#define HELLO "{\"t\":\"hello\"}"
#define ANSWER "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}"
#define UPGRADED "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"

struct room { char id[ID]; int *fds, count, space; };

static struct room rooms[ROOMS];
static int room_count, room_of[MOST];
static char is_socket[MOST];
static char *frame;
static size_t frame_length, mark_at;

static struct room *room(const char *id) {
    for (int number = 0; number < room_count; number++)
        if (!memcmp(rooms[number].id, id, ID)) return &rooms[number];
    if (room_count == ROOMS) die("too many rooms");
    memcpy(rooms[room_count].id, id, ID);
    return &rooms[room_count++];
}

static void put(int fd, const char *bytes, size_t length) {
    while (length) {
        ssize_t count = send(fd, bytes, length, MSG_NOSIGNAL);
        if (count >= 0) {
            bytes += count;
            length -= (size_t)count;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, 1000);
        } else {
            return;
        }
    }
}

static size_t head_of(char *at, size_t length) {
    at[0] = (char)0x81;
    if (length < 126) {
        at[1] = (char)length;
        return 2;
    }
    at[1] = 126;
    at[2] = (char)(length >> 8);
    at[3] = (char)length;
    return 4;
}

static void say(int fd, const char *text) {
    char small[256];
    size_t head = head_of(small, strlen(text));
    memcpy(small + head, text, strlen(text));
    put(fd, small, head + strlen(text));
}

static void make_frame(size_t length) {
    frame = memory(length + 16, 1);
    size_t head = head_of(frame, length);
    memset(frame + head, '.', length);
    mark_at = head + length / 2;
    frame_length = head + length;
}

static void leave(int fd) {
    if (room_of[fd]) {
        struct room *left = &rooms[room_of[fd] - 1];
        for (int place = 0; place < left->count; place++)
            if (left->fds[place] == fd) left->fds[place] = left->fds[--left->count];
    }
    room_of[fd] = is_socket[fd] = 0;
    close(fd);
}

static void enter(int fd, const char *id) {
    struct room *entered = room(id);
    if (entered->count == entered->space) {
        entered->space = entered->space ? entered->space * 2 : 64;
        entered->fds = realloc(entered->fds, sizeof(int) * (size_t)entered->space);
        if (!entered->fds) die("memory");
    }
    entered->fds[entered->count++] = fd;
    room_of[fd] = (int)(entered - rooms) + 1;
    say(fd, SHOWN);
}

static void take(int fd, char *text, size_t length) {
    static const char path[] = "/channels/", named[] = "\"channel\":\"";
    if (is_socket[fd]) {
        char *id = memmem(text, length, named, sizeof named - 1);
        if (id && !room_of[fd]) enter(fd, id + sizeof named - 1);
    } else if (memmem(text, length, "Upgrade: websocket", 18)) {
        is_socket[fd] = 1;
        put(fd, UPGRADED, sizeof UPGRADED - 1);
        say(fd, HELLO);
    } else {
        char *id = memmem(text, length, path, sizeof path - 1), *body = memmem(text, length, "\r\n\r\n", 4);
        char *mark = body ? memmem(body, length - (size_t)(body - text), MARK_START, 2) : NULL;
        if (id && mark) {
            struct room *here = room(id + sizeof path - 1);
            memcpy(frame + mark_at, mark, MARK_BYTES);
            for (int place = 0; place < here->count; place++) put(here->fds[place], frame, frame_length);
        }
        put(fd, ANSWER, sizeof ANSWER - 1);
    }
}

int main(int count, char **words) {
    if (count != 3) {
        fprintf(stderr, "loop PORT BYTES\n");
        return 2;
    }
    raise_open_files();
    make_frame(strtoul(words[2], NULL, 10));
    struct sockaddr_in address = address_of("127.0.0.1", atoi(words[1]));
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) die("listen");
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll_fd, listener, EPOLLIN, (uint32_t)listener, EPOLL_CTL_ADD);
    static char text[1 << 16];
    struct epoll_event events[512];
    for (;;) {
        int found = epoll_wait(epoll_fd, events, 512, -1);
        for (int place = 0; place < found; place++) {
            int fd = (int)events[place].data.u32;
            if (fd == listener) {
                for (int one; (one = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
                    if (one >= MOST) die("too many sockets");
                    be_quick(one);
                    watch(epoll_fd, one, EPOLLIN, (uint32_t)one, EPOLL_CTL_ADD);
                }
                continue;
            }
            ssize_t got = recv(fd, text, sizeof text, 0);
            if (got > 0) take(fd, text, (size_t)got);
            else if (got == 0 || errno != EAGAIN) leave(fd);
        }
    }
}
