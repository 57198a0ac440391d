/* Keeps CONNECTIONS busy with prepared requests for SECONDS, after WARM_UP seconds that do not count.

   http_load HOST PORT CONNECTIONS SECONDS WARM_UP RATE REQUESTS

   REQUESTS is a file of "LENGTH\nBYTES" after each other; connection c sends the requests c, c + CONNECTIONS, ... in
   turn. In a request, sixteen bytes 0x01 become the time of sending, 36 bytes 0x02 a fresh UUID. RATE 0: as many as
   can be answered; else so many requests a second in all, whether or not the ones before have been answered, as far
   as there are connections. Prints one line of JSON. */

#include "common.h"

#define HEAD 16384
#define CHUNK (1 << 18)

struct request { char *bytes; size_t length, time_at, id_at; };

struct connection {
    int fd, next, busy, connected, headed, status, chunked, want_write;
    struct request *request;
    char *out, *head;
    size_t sent, head_length, body, length;
    char tail[5];
    uint64_t began;
};

static struct request *requests;
static int request_count, connection_count, epoll_fd;
static struct connection *connections;
static struct sockaddr_in address;
static uint64_t counting_from, counting_until, id_base, id_counter, body_bytes, done, errors;
static uint64_t statuses[1000];
static uint32_t *latencies; /* in units of 100 ns */
static size_t latency_count, latency_room;

static void read_requests(const char *path) {
    size_t size, place = 0;
    char *content = whole_file(path, &size);
    while (place < size) {
        char *end;
        size_t length = strtoul(content + place, &end, 10);
        char *bytes = end + 1;
        requests = realloc(requests, sizeof *requests * (size_t)(request_count + 1));
        if (!requests) die("memory");
        struct request *request = &requests[request_count++];
        *request = (struct request){.bytes = bytes, .length = length};
        char *time_at = memchr(bytes, 1, length), *id_at = memchr(bytes, 2, length);
        request->time_at = time_at ? (size_t)(time_at - bytes) : length;
        request->id_at = id_at ? (size_t)(id_at - bytes) : length;
        place = (size_t)(bytes - content) + length;
    }
    if (!request_count) die("there are no requests");
}

static void open_connection(int number) {
    struct connection *connection = &connections[number];
    connection->fd = start_connecting(&address);
    if (connection->fd < 0) die("connect");
    connection->connected = 0;
    connection->want_write = 1;
    watch(epoll_fd, connection->fd, EPOLLIN | EPOLLOUT, (uint32_t)number, EPOLL_CTL_ADD);
}

static void listen_for_writing(int number, int want) {
    struct connection *connection = &connections[number];
    if (connection->want_write == want) return;
    connection->want_write = want;
    watch(epoll_fd, connection->fd, want ? EPOLLIN | EPOLLOUT : EPOLLIN, (uint32_t)number, EPOLL_CTL_MOD);
}

static void write_out(int number);

static void reopen(int number) {
    struct connection *connection = &connections[number];
    errors++;
    close(connection->fd);
    connection->busy = 0;
    if (errors > 1000000) die("too many errors");
    open_connection(number);
}

static void begin(int number) {
    struct connection *connection = &connections[number];
    struct request *request = &requests[connection->next % request_count];
    connection->next += connection_count;
    connection->request = request;
    connection->began = now_ns();
    memcpy(connection->out, request->bytes, request->length);
    if (request->time_at < request->length) {
        char digits[MARK_DIGITS + 1];
        snprintf(digits, sizeof digits, "%016llx", (unsigned long long)connection->began);
        memcpy(connection->out + request->time_at, digits, MARK_DIGITS);
    }
    if (request->id_at < request->length) {
        char id[37];
        uint64_t count = ++id_counter;
        snprintf(id, sizeof id, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(id_base >> 32),
                 (unsigned)(id_base >> 16) & 0xffff, (unsigned)(id_base >> 4) & 0xfff, (unsigned)id_base & 0xfff,
                 (unsigned long long)count);
        memcpy(connection->out + request->id_at, id, 36);
    }
    connection->busy = 1;
    connection->sent = connection->head_length = connection->body = connection->length = 0;
    connection->headed = connection->chunked = connection->status = 0;
    memset(connection->tail, 0, sizeof connection->tail);
    write_out(number);
}

static void write_out(int number) {
    struct connection *connection = &connections[number];
    while (connection->sent < connection->request->length) {
        ssize_t count = send(connection->fd, connection->out + connection->sent,
                             connection->request->length - connection->sent, MSG_NOSIGNAL);
        if (count < 0) {
            if (errno == EAGAIN) listen_for_writing(number, 1);
            else reopen(number);
            return;
        }
        connection->sent += (size_t)count;
    }
    listen_for_writing(number, 0);
}

static void answered(struct connection *connection) {
    uint64_t moment = now_ns();
    connection->busy = 0;
    if (moment < counting_from || moment > counting_until) return;
    done++;
    body_bytes += connection->body;
    statuses[connection->status % 1000]++;
    if (latency_count == latency_room) {
        latency_room = latency_room ? latency_room * 2 : 1 << 16;
        latencies = realloc(latencies, latency_room * sizeof *latencies);
        if (!latencies) die("memory");
    }
    latencies[latency_count++] = (uint32_t)((moment - connection->began) / 100);
}

static void read_head(struct connection *connection) {
    char *head = connection->head;
    head[connection->head_length] = 0;
    connection->status = atoi(head + 9);
    for (char *line = strchr(head, '\n'); line; line = strchr(line, '\n')) {
        line++;
        if (!strncasecmp(line, "content-length:", 15)) connection->length = strtoul(line + 15, NULL, 10);
        if (!strncasecmp(line, "transfer-encoding:", 18)) connection->chunked = 1;
    }
    connection->headed = 1;
}

/* Returns 1 when the answer is complete. A chunked one ends with an empty chunk. */
static int take(struct connection *connection, const char *bytes, size_t count) {
    if (!connection->headed) {
        size_t before = connection->head_length, room = HEAD - 1 - before, copied = count < room ? count : room;
        memcpy(connection->head + before, bytes, copied);
        connection->head[before + copied] = 0;
        char *end = strstr(connection->head + (before > 3 ? before - 3 : 0), "\r\n\r\n");
        if (!end) {
            if (copied < count) die("the head of an answer is too long");
            connection->head_length += copied;
            return 0;
        }
        connection->head_length = (size_t)(end + 2 - connection->head);
        size_t used = connection->head_length + 2 - before;
        read_head(connection);
        bytes += used;
        count -= used;
    }
    connection->body += count;
    if (!connection->chunked) return connection->body >= connection->length;
    for (size_t place = count > 5 ? count - 5 : 0; place < count; place++) {
        memmove(connection->tail, connection->tail + 1, 4);
        connection->tail[4] = bytes[place];
    }
    return !memcmp(connection->tail, "0\r\n\r\n", 5);
}

static int smaller(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static double part(double share) {
    if (!latency_count) return 0;
    size_t place = (size_t)(share * (double)(latency_count - 1) + 0.5);
    return latencies[place] / 10.0;
}

static void report(double seconds) {
    qsort(latencies, latency_count, sizeof *latencies, smaller);
    printf("{\"requests\":%llu,\"seconds\":%.6f,\"per_second\":%.2f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,"
           "\"body_bytes\":%llu,\"errors\":%llu,\"statuses\":{",
           (unsigned long long)done, seconds, (double)done / seconds, part(0.5), part(0.99), part(1.0),
           (unsigned long long)body_bytes, (unsigned long long)errors);
    for (int status = 0, any = 0; status < 1000; status++)
        if (statuses[status])
            printf("%s\"%d\":%llu", any++ ? "," : "", status, (unsigned long long)statuses[status]);
    printf("}}\n");
}

int main(int count, char **words) {
    if (count != 8) {
        fprintf(stderr, "http_load HOST PORT CONNECTIONS SECONDS WARM_UP RATE REQUESTS\n");
        return 2;
    }
    raise_open_files();
    address = address_of(words[1], atoi(words[2]));
    connection_count = atoi(words[3]);
    double seconds = atof(words[4]), warm_up = atof(words[5]), rate = atof(words[6]);
    read_requests(words[7]);
    size_t longest = 0;
    for (int number = 0; number < request_count; number++)
        if (requests[number].length > longest) longest = requests[number].length;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    connections = memory((size_t)connection_count, sizeof *connections);
    uint64_t start = now_ns();
    id_base = start * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid() << 32;
    counting_from = start + (uint64_t)(warm_up * 1e9);
    counting_until = counting_from + (uint64_t)(seconds * 1e9);
    for (int number = 0; number < connection_count; number++) {
        connections[number].next = number;
        connections[number].out = memory(longest, 1);
        connections[number].head = memory(HEAD, 1);
        open_connection(number);
    }
    char *buffer = memory(CHUNK, 1);
    struct epoll_event events[256];
    uint64_t due = start, pause = rate > 0 ? (uint64_t)(1e9 / rate) : 0;
    int turn = 0;
    for (uint64_t moment = start; moment < counting_until; moment = now_ns()) {
        while (pause && due <= moment) {
            due += pause;
            for (int tried = 0; tried < connection_count; tried++, turn++) {
                struct connection *connection = &connections[turn % connection_count];
                if (connection->connected && !connection->busy) {
                    begin(turn++ % connection_count);
                    break;
                }
            }
        }
        uint64_t until = pause && due < counting_until ? due : counting_until;
        int wait = until > moment ? (int)((until - moment) / 1000000) + 1 : 0;
        int ready = epoll_wait(epoll_fd, events, 256, wait);
        for (int place = 0; place < ready; place++) {
            int number = (int)events[place].data.u32;
            struct connection *connection = &connections[number];
            if (events[place].events & (EPOLLERR | EPOLLHUP)) {
                reopen(number);
                continue;
            }
            if (events[place].events & EPOLLOUT) {
                if (!connection->connected) {
                    connection->connected = 1;
                    listen_for_writing(number, 0);
                    if (!pause) begin(number);
                } else if (connection->busy) {
                    write_out(number);
                }
            }
            if (events[place].events & EPOLLIN) {
                ssize_t got = recv(connection->fd, buffer, CHUNK, 0);
                if (got < 0 && errno == EAGAIN) continue;
                if (got <= 0 || !connection->busy) {
                    reopen(number);
                } else if (take(connection, buffer, (size_t)got)) {
                    answered(connection);
                    if (!pause) begin(number);
                }
            }
        }
    }
    report(seconds);
    return 0;
}
