package io.fairlead.proxy.stream;

import io.netty.buffer.ByteBuf;

/**
 * Follows a session of MariaDB (client/server protocol 4.1) as far as it takes to know whether it
 * is between two transactions: what the client has asked last is answered, and the answer said that
 * no transaction is open. Of each packet length and number are looked at, and the first bytes.
 *
 * <p>Whoever asks for TLS or compression cannot be followed, nor can who asks before the answer to
 * what it has asked before has begun, who sends a file ({@code load data local}), and what is no
 * such session. They are never taken for being between transactions. Neither is who has got an
 * error, or the answer to a command that is not followed (such as a statement being prepared),
 * until the next command that is: where it is wrong it is wrong on that side.
 */
final class MariadbTracker {
  /** The client's word for going. */
  static final byte[] QUIT = {1, 0, 0, 0, 1};

  private static final int GREETS = 10;
  private static final int NOTHING_SAID = -1;
  private static final int OK = 0x00;
  private static final int LOCAL_FILE = 0xFB;
  private static final int END = 0xFE;
  private static final int ERROR = 0xFF;

  /** What a client is capable of that cannot be followed: compression by zlib or zstd, and TLS. */
  private static final int HIDES = 0x20 | 0x800 | (1 << 26);

  /** A packet of this length goes on in the next. */
  private static final int LONGEST = 0xFFFFFF;

  private static final int IN_TRANSACTION = 1;
  private static final int MORE_RESULTS = 8;

  /** Of an OK: its type, two numbers of up to nine bytes, and what state the session is in. */
  private static final int LOOKED_AT = 21;

  /** What is expected of the server. */
  private enum Expects {
    GREETING,
    LOGIN,
    /** The beginning of an answer. */
    ANSWER,
    /** Columns, and rows. */
    ROWS,
    /** The beginning of what cannot be followed. */
    SOMETHING,
    /** The rest of that; or nothing, and whether a transaction is open is not known. */
    UNKNOWN,
    NOTHING
  }

  /** One direction: where in which packet it is. */
  private static final class Stream {
    final byte[] first = new byte[LOOKED_AT];
    int head;
    int length;
    int number;
    int left;

    /** The packet is the rest of one before. */
    boolean goesOn;

    boolean isBetweenPackets() {
      return head == 0 && !goesOn;
    }

    /** What stands there; what the packet does not have is 0. */
    int at(int index) {
      return index < length && index < LOOKED_AT ? first[index] & 0xFF : 0;
    }

    /** How many bytes a number takes that begins there. */
    int size(int index) {
      return switch (at(index)) {
        case 0xFC -> 3;
        case 0xFD -> 4;
        case 0xFE -> 9;
        default -> 1;
      };
    }

    int two(int index) {
      return at(index) | (at(index + 1) << 8);
    }
  }

  private Stream client = new Stream();
  private Stream server = new Stream();
  private Expects expects = Expects.GREETING;
  private boolean opaque;

  /** The client has said who it is. */
  private boolean introduced;

  private boolean open;

  /** Another result of the same command; its number is any. */
  private boolean another;

  /** Old ends of columns, or rows, that have come. */
  private int ends;

  /** Whether nothing can be said of it. */
  boolean isOpaque() {
    return opaque;
  }

  boolean isBetweenTransactions() {
    return !opaque
        && expects == Expects.NOTHING
        && !open
        && client.isBetweenPackets()
        && server.isBetweenPackets();
  }

  /** The session begins anew. */
  void reset() {
    client = new Stream();
    server = new Stream();
    expects = Expects.GREETING;
    opaque = false;
    introduced = false;
    open = false;
    another = false;
    ends = 0;
  }

  /** The client says that. Nothing is taken out of the buffer. */
  void client(ByteBuf in) {
    int end = in.writerIndex();
    for (int i = in.readerIndex(); i < end && !opaque; ) {
      i = read(client, in, i, end);
      if (isComplete(client)) {
        boolean rest = client.goesOn;
        next(client);
        if (!rest) {
          said();
        }
      }
    }
  }

  /** The server says that. Nothing is taken out of the buffer. */
  void server(ByteBuf in) {
    int end = in.writerIndex();
    for (int i = in.readerIndex(); i < end && !opaque; ) {
      i = read(server, in, i, end);
      if (isComplete(server)) {
        boolean rest = server.goesOn;
        next(server);
        if (!rest) {
          answered();
        }
      }
    }
  }

  /** A byte of the head, or as much of the body as there is. */
  private static int read(Stream stream, ByteBuf in, int from, int end) {
    if (stream.head < 4) {
      int b = in.getUnsignedByte(from);
      if (stream.head == 0) {
        stream.length = 0;
      }
      if (stream.head < 3) {
        stream.length |= b << (8 * stream.head);
      } else {
        stream.number = b;
        stream.left = stream.length;
      }
      stream.head++;
      return from + 1;
    }
    int count = Math.min(stream.left, end - from);
    int done = stream.length - stream.left;
    int wanted = Math.min(count, LOOKED_AT - done);
    if (wanted > 0) {
      in.getBytes(from, stream.first, done, wanted);
    }
    stream.left -= count;
    return from + count;
  }

  private static boolean isComplete(Stream stream) {
    return stream.head == 4 && stream.left == 0;
  }

  private static void next(Stream stream) {
    stream.head = 0;
    stream.goesOn = stream.length == LONGEST;
  }

  /** A packet of the client is complete. */
  private void said() {
    if (!introduced) {
      introduced = true;
      int capable = client.two(0) | (client.two(2) << 16);
      opaque = (capable & HIDES) != 0 || expects != Expects.LOGIN;
      return;
    }
    if (client.number != 0) {
      return; // more of something
    }
    int command = client.at(0);
    if (command == 0x18 || command == 0x19) {
      return; // a part of a parameter, or that a statement is not needed any more: no answer
    }
    if (expects != Expects.NOTHING && expects != Expects.UNKNOWN) {
      opaque = true; // whose answer is whose is not to be seen
      return;
    }
    another = false;
    ends = 0;
    expects =
        switch (command) {
          // a database, a query, whether it is there, a statement, its reset, that of the session
          case 0x02, 0x03, 0x0E, 0x17, 0x1A, 0x1F -> Expects.ANSWER;
          default -> Expects.SOMETHING;
        };
  }

  /** A packet of the server is complete. */
  private void answered() {
    int type = server.length == 0 ? NOTHING_SAID : server.at(0);
    switch (expects) {
      case GREETING -> {
        opaque = type != GREETS;
        expects = Expects.LOGIN;
      }
      case LOGIN -> {
        if (type == OK) {
          done(okState());
        } else if (type == ERROR) {
          opaque = true;
        }
      }
      case ANSWER -> begins(type);
      case ROWS -> goesOn(type);
      case SOMETHING -> expects = Expects.UNKNOWN;
      case UNKNOWN -> {}
      case NOTHING -> opaque = true; // it was not asked
    }
  }

  private void begins(int type) {
    if (!another && server.number != 1) {
      opaque = true; // belongs to something else
    } else if (type == OK) {
      done(okState());
    } else if (type == ERROR) {
      expects = Expects.UNKNOWN;
    } else if (type == LOCAL_FILE) {
      opaque = true;
    } else {
      expects = Expects.ROWS;
    }
  }

  private void goesOn(int type) {
    if (type == ERROR) {
      expects = Expects.UNKNOWN;
    } else if (type == END && server.length == 5) {
      ends++;
      if (ends == 2) {
        done(server.two(3));
      }
    } else if (type == END && server.length != LONGEST) {
      done(okState()); // as those are told that have said that they know it
    }
  }

  /** What an OK says of the session. */
  private int okState() {
    int second = 1 + server.size(1);
    return server.two(second + server.size(second));
  }

  private void done(int state) {
    open = (state & IN_TRANSACTION) != 0;
    another = (state & MORE_RESULTS) != 0;
    ends = 0;
    expects = another ? Expects.ANSWER : Expects.NOTHING;
  }
}
