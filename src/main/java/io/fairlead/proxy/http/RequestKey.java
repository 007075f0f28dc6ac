package io.fairlead.proxy.http;

import io.fairlead.config.HashKey;
import java.util.Arrays;

/** What of a request decides which node it gets where its service hashes. */
final class RequestKey {
  private static final int NONE = -1;
  private static final byte[] COOKIE = Ascii.bytes("cookie");

  private final HashKey.Kind kind;
  private final byte[] name;

  RequestKey(HashKey config) {
    kind = config.kind();
    name = Ascii.bytes(config.name());
  }

  /**
   * The hash of what is to be looked at.
   *
   * @param client the hash of the client's address, which counts where a request has no such thing
   */
  int of(Head request, int client) {
    return switch (kind) {
      case CLIENT_IP -> client;
      case PATH -> hash(request.bytes, request.pathStart, request.pathEnd);
      case HEADER -> header(request, client);
      case COOKIE -> cookie(request, client);
      case QUERY -> query(request, client);
    };
  }

  private int header(Head request, int client) {
    int field = request.findField(name, 0);
    return field < 0
        ? client
        : hash(request.bytes, request.valueStart(field), request.valueEnd(field));
  }

  private int cookie(Head request, int client) {
    long range = findCookie(request, name);
    return range == NONE ? client : hash(request.bytes, (int) (range >>> 32), (int) range);
  }

  /**
   * Where the value of the first cookie of that name is: start in the upper half, end in the lower;
   * -1: there is none.
   */
  static long findCookie(Head request, byte[] name) {
    byte[] bytes = request.bytes;
    for (int field = request.findField(COOKIE, 0);
        field >= 0;
        field = request.findField(COOKIE, field + 1)) {
      int end = request.valueEnd(field);
      int at = request.valueStart(field);
      while (at < end) {
        while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) {
          at++;
        }
        int next = indexOf(bytes, (byte) ';', at, end);
        int value = at + name.length + 1;
        if (value <= next
            && bytes[value - 1] == '='
            && Arrays.equals(name, 0, name.length, bytes, at, value - 1)) {
          return (long) value << 32 | next;
        }
        at = next + 1;
      }
    }
    return NONE;
  }

  private int query(Head request, int client) {
    byte[] bytes = request.bytes;
    int end = request.queryEnd;
    int at = request.queryStart + 1;
    while (at < end) {
      int next = indexOf(bytes, (byte) '&', at, end);
      int value = at + name.length + 1;
      if (value <= next
          && bytes[value - 1] == '='
          && Arrays.equals(name, 0, name.length, bytes, at, value - 1)) {
        return hash(bytes, value, next);
      }
      at = next + 1;
    }
    return client;
  }

  private static int indexOf(byte[] bytes, byte sought, int from, int end) {
    int at = from;
    while (at < end && bytes[at] != sought) {
      at++;
    }
    return at;
  }

  /** FNV-1a, 64 bits, folded. */
  private static int hash(byte[] bytes, int start, int end) {
    long hash = 0xcbf29ce484222325L;
    for (int at = start; at < end; at++) {
      hash = (hash ^ (bytes[at] & 0xFF)) * 0x100000001b3L;
    }
    return (int) (hash ^ (hash >>> 32));
  }
}
