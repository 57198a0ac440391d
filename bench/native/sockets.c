/* Many websockets that listen, as tabs do: each signs in by its cookie, sends one frame, and waits for "shown".

   sockets HOST PORT AT_ONCE FILE

   FILE has a line for each socket: COOKIE, tabulator, FRAME. Takes commands from standard input, a line each, and
   answers each with a line of JSON:

   open            connect all, at most AT_ONCE at the same time; answers when each has been told "shown"
   reset           forget what was counted
   wait N MS       until N posts (see MARK_START) have come since the last reset, at most MS milliseconds
   report          what has come since the last reset
   close           end all connections

   A post that comes twice in a row on one socket counts once. */

#include "common.h"

#define CHUNK (1 << 20)
#define CARRY 64
#define BUCKETS 1000000 /* of 10 us */
#define HELLO "\"t\":\"hello\""
#define SHOWN "\"t\":\"shown\""

enum state { CLOSED, CONNECTING, UPGRADING, GREETED_NOT, SHOWN_NOT, READY };

struct tab {
    int fd;
    enum state state;
    const char *cookie, *frame;
    size_t skip; /* bytes of the current frame that are still to come */
    size_t carried;
    unsigned char carry[CARRY], head[14];
    int head_length;
    char last[MARK_DIGITS];
    uint64_t retry_at;
};

static struct tab *tabs;
static int tab_count, at_once, epoll_fd, opening, ready, in_flight, next_tab, failures;
static struct sockaddr_in address;
static const char *host;
static int port;
static uint64_t messages, bytes, posts, first_at, last_at, first_sent, wanted, deadline, opened_from, drops;
static uint32_t *histogram;
static char *buffer;

static void read_tabs(const char *path) {
    size_t size;
    char *content = whole_file(path, &size);
    for (char *line = strtok(content, "\n"); line; line = strtok(NULL, "\n")) {
        char *tabulator = strchr(line, '\t');
        if (!tabulator) die("a line without a tabulator");
        *tabulator = 0;
        tabs = realloc(tabs, sizeof *tabs * (size_t)(tab_count + 1));
        if (!tabs) die("memory");
        tabs[tab_count++] = (struct tab){.fd = -1, .cookie = line, .frame = tabulator + 1};
    }
}

static void reset(void) {
    messages = bytes = posts = first_at = last_at = 0;
    first_sent = UINT64_MAX;
    memset(histogram, 0, BUCKETS * sizeof *histogram);
}

static double part(double share) {
    uint64_t sum = 0, goal = (uint64_t)(share * (double)posts + 0.5);
    for (size_t place = 0; place < BUCKETS; place++) {
        sum += histogram[place];
        if (sum && sum >= goal) return (double)(place + 1) * 10.0;
    }
    return 0;
}

static void report(void) {
    double span = posts > 1 ? (double)(last_at - first_at) / 1e9 : 0;
    double whole = posts ? (double)(last_at - first_sent) / 1e9 : 0;
    printf("{\"messages\":%llu,\"bytes\":%llu,\"posts\":%llu,\"first_to_last\":%.6f,\"sent_to_last\":%.6f,"
           "\"p50_us\":%.0f,\"p99_us\":%.0f,\"drops\":%llu,\"ready\":%d}\n",
           (unsigned long long)messages, (unsigned long long)bytes, (unsigned long long)posts, span, whole, part(0.5),
           part(0.99), (unsigned long long)drops, ready);
    fflush(stdout);
}

static void drop(struct tab *tab) {
    if (tab->state == READY) ready--;
    else if (tab->state != CLOSED) in_flight--;
    close(tab->fd);
    tab->fd = -1;
    tab->state = CLOSED;
    drops++;
    if (opening) {
        failures++;
        tab->retry_at = now_ns() + 200000000u;
    }
}

static void say(struct tab *tab, const char *text, size_t length) {
    if (send(tab->fd, text, length, MSG_NOSIGNAL) != (ssize_t)length) drop(tab);
}

static void upgrade(struct tab *tab) {
    char request[2048];
    int length = snprintf(request, sizeof request,
                          "GET /live HTTP/1.1\r\nHost: %s:%d\r\nOrigin: http://%s:%d\r\nConnection: Upgrade\r\n"
                          "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: %s\r\n\r\n",
                          host, port, host, port, tab->cookie);
    tab->state = UPGRADING;
    say(tab, request, (size_t)length);
}

/* Clients must mask (RFC 6455, 5.3); a mask of zeros leaves the text as it is. */
static void show(struct tab *tab) {
    unsigned char frame[1024] = {0x81};
    size_t length = strlen(tab->frame), place = 2;
    if (length > 900) die("a frame is too long");
    if (length < 126) {
        frame[1] = (unsigned char)(0x80 | length);
    } else {
        frame[1] = 0x80 | 126;
        frame[2] = (unsigned char)(length >> 8);
        frame[3] = (unsigned char)length;
        place = 4;
    }
    memcpy(frame + place + 4, tab->frame, length);
    tab->state = SHOWN_NOT;
    say(tab, (char *)frame, place + 4 + length);
}

static void begin_one(int number) {
    struct tab *tab = &tabs[number];
    tab->fd = start_connecting(&address);
    if (tab->fd < 0) {
        failures++;
        tab->retry_at = now_ns() + 200000000u;
        return;
    }
    tab->state = CONNECTING;
    tab->skip = tab->carried = 0;
    tab->head_length = 0;
    in_flight++;
    watch(epoll_fd, tab->fd, EPOLLIN | EPOLLOUT, (uint32_t)number, EPOLL_CTL_ADD);
}

static void count_messages(struct tab *tab, const unsigned char *at, size_t count) {
    while (count) {
        if (tab->skip) {
            size_t used = tab->skip < count ? tab->skip : count;
            tab->skip -= used;
            at += used;
            count -= used;
            continue;
        }
        tab->head[tab->head_length++] = *at++;
        count--;
        if (tab->head_length < 2) continue;
        int small = tab->head[1] & 127, needed = small < 126 ? 2 : small == 126 ? 4 : 10;
        if (tab->head_length < needed) continue;
        size_t length = 0;
        if (needed == 2) length = (size_t)small;
        for (int place = 2; place < needed; place++) length = length << 8 | tab->head[place];
        tab->head_length = 0;
        tab->skip = length;
        messages++;
    }
}

static void count_posts(struct tab *tab, const unsigned char *at, size_t count, uint64_t moment) {
    const unsigned char *end = at + count;
    while ((at = memmem(at, (size_t)(end - at), MARK_START, 2)) && end - at >= MARK_BYTES) {
        if (memcmp(at + 2 + MARK_DIGITS, MARK_END, 2)) {
            at += 2;
            continue;
        }
        if (memcmp(tab->last, at + 2, MARK_DIGITS)) {
            memcpy(tab->last, at + 2, MARK_DIGITS);
            char digits[MARK_DIGITS + 1] = {0};
            memcpy(digits, at + 2, MARK_DIGITS);
            uint64_t sent = strtoull(digits, NULL, 16), place = moment > sent ? (moment - sent) / 10000 : 0;
            histogram[place < BUCKETS ? place : BUCKETS - 1]++;
            if (!posts++) first_at = moment;
            last_at = moment;
            if (sent < first_sent) first_sent = sent;
        }
        at += MARK_BYTES;
    }
}

static void became_ready(struct tab *tab) {
    tab->state = READY;
    in_flight--;
    ready++;
}

/* `text`: some bytes that were carried over, then the new ones. */
static void take(struct tab *tab, unsigned char *text, size_t carried, size_t count, uint64_t moment) {
    unsigned char *fresh = text + carried;
    size_t whole = carried + count;
    if (tab->state == UPGRADING) {
        unsigned char *end = memmem(text, whole, "\r\n\r\n", 4);
        if (end) {
            if (memcmp(text, "HTTP/1.1 101", 12)) {
                drop(tab);
                return;
            }
            tab->state = GREETED_NOT;
            count = (size_t)(fresh + count - (end + 4));
            fresh = end + 4;
        } else {
            count = 0;
        }
    }
    bytes += count;
    if (tab->state >= GREETED_NOT) count_messages(tab, fresh, count);
    if (tab->state == GREETED_NOT && memmem(text, whole, HELLO, sizeof HELLO - 1)) show(tab);
    if (tab->state == SHOWN_NOT && memmem(text, whole, SHOWN, sizeof SHOWN - 1)) became_ready(tab);
    if (tab->state == READY) count_posts(tab, text, whole, moment);
    if (tab->state == CLOSED) return;
    tab->carried = whole < MARK_BYTES - 1 ? whole : MARK_BYTES - 1;
    memcpy(tab->carry, text + whole - tab->carried, tab->carried);
}

static void look(struct tab *tab, uint32_t events, int number) {
    if (tab->state == CLOSED) return;
    if (events & (EPOLLERR | EPOLLHUP)) {
        drop(tab);
        return;
    }
    if (tab->state == CONNECTING && events & EPOLLOUT) {
        watch(epoll_fd, tab->fd, EPOLLIN, (uint32_t)number, EPOLL_CTL_MOD);
        upgrade(tab);
        return;
    }
    if (!(events & EPOLLIN)) return;
    ssize_t got = recv(tab->fd, buffer + CARRY, CHUNK, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        drop(tab);
        return;
    }
    unsigned char *text = (unsigned char *)buffer + CARRY - tab->carried;
    memcpy(text, tab->carry, tab->carried);
    take(tab, text, tab->carried, (size_t)got, now_ns());
}

static void open_more(uint64_t moment) {
    for (int tried = 0; in_flight < at_once && in_flight + ready < tab_count && tried < tab_count; tried++) {
        struct tab *tab = &tabs[next_tab];
        if (tab->state == CLOSED && tab->retry_at <= moment) begin_one(next_tab);
        next_tab = (next_tab + 1) % tab_count;
    }
    if (ready == tab_count || moment > deadline) {
        printf("{\"ready\":%d,\"of\":%d,\"failures\":%d,\"seconds\":%.6f}\n", ready, tab_count, failures,
               (double)(moment - opened_from) / 1e9);
        fflush(stdout);
        opening = 0;
    }
}

static void close_all(void) {
    for (int number = 0; number < tab_count; number++)
        if (tabs[number].state != CLOSED) drop(&tabs[number]);
    drops = 0;
}

static int obey(void) {
    static char line[256];
    static size_t length;
    for (;;) {
        ssize_t got = read(0, line + length, 1);
        if (got == 0) return 0;
        if (got < 0) return 1;
        if (line[length] != '\n') {
            length += length < sizeof line - 2;
            continue;
        }
        line[length] = 0;
        length = 0;
        unsigned long long number = 0, ms = 0;
        if (!strcmp(line, "open")) {
            opening = 1;
            failures = 0;
            opened_from = now_ns();
            deadline = opened_from + 120000000000u;
        } else if (!strcmp(line, "reset")) {
            reset();
            report();
        } else if (!strcmp(line, "report")) {
            report();
        } else if (!strcmp(line, "close")) {
            close_all();
            report();
        } else if (sscanf(line, "wait %llu %llu", &number, &ms) == 2) {
            wanted = number;
            deadline = now_ns() + ms * 1000000u;
        } else {
            return 0;
        }
    }
}

int main(int count, char **words) {
    if (count != 5) {
        fprintf(stderr, "sockets HOST PORT AT_ONCE FILE\n");
        return 2;
    }
    raise_open_files();
    host = words[1];
    port = atoi(words[2]);
    at_once = atoi(words[3]);
    address = address_of(host, port);
    read_tabs(words[4]);
    buffer = memory(CARRY + CHUNK, 1);
    histogram = memory(BUCKETS, sizeof *histogram);
    reset();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    fcntl(0, F_SETFL, O_NONBLOCK);
    watch(epoll_fd, 0, EPOLLIN, UINT32_MAX, EPOLL_CTL_ADD);
    struct epoll_event events[512];
    for (;;) {
        int found = epoll_wait(epoll_fd, events, 512, opening || wanted ? 5 : -1);
        for (int place = 0; place < found; place++) {
            uint32_t number = events[place].data.u32;
            if (number == UINT32_MAX) {
                if (!obey()) return 0;
            } else {
                look(&tabs[number], events[place].events, (int)number);
            }
        }
        if (opening) open_more(now_ns());
        else if (wanted && (posts >= wanted || now_ns() > deadline)) {
            wanted = 0;
            report();
        }
    }
}
