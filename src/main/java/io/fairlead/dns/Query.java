package io.fairlead.dns;

/**
 * A question, read once and strictly. Belongs to one thread and is used again.
 *
 * <p>What cannot be answered at all is dropped: what is shorter than a head, and what says itself
 * that it is an answer. Everything else that is wrong is a format error, so that whoever asks need
 * not wait. A name in a question is never compressed; EDNS options are read to their last byte.
 */
final class Query {
  static final int HEAD = 12;

  /** What is to be done. */
  enum Read {
    /** Nothing: an answer would make things worse. */
    DROP,
    /** An answer that says {@link Query#error}. */
    REFUSE,
    ANSWER
  }

  static final int OPCODE_QUERY = 0;

  // Of EDNS options (IANA).
  static final int NSID = 3;
  static final int SUBNET = 8;
  static final int COOKIE = 10;
  static final int KEEPALIVE = 11;

  byte[] in = {};
  int length;

  /** Whether the question has been read: answers repeat it then. */
  boolean hasQuestion;

  int error;

  /** The name in lower case, as many bytes as it has. */
  final byte[] name = new byte[Names.MAX];

  int nameLength;
  int labels;

  /** Where each label begins; the last is the empty one. */
  final int[] starts = new int[Names.MAX_LABELS];

  /** The hash of the name from each label on. */
  final int[] hashes = new int[Names.MAX_LABELS];

  int type;
  int dnsClass;
  int questionEnd;

  boolean hasOpt;
  int udpSize;
  int version;
  boolean wantsDnssec;
  boolean wantsServerId;
  boolean wantsKeepalive;

  boolean hasSubnet;
  int subnetFamily;
  int subnetPrefix;
  final byte[] subnet = new byte[16];

  /** 0: there is none; else 8 for the client's alone, or with the server's. */
  int cookieLength;

  int cookieAt;

  /** Where TSIG begins; 0: there is none. */
  int tsigAt;

  int tsigData;

  /** Reads it. */
  Read read(byte[] bytes, int count) {
    in = bytes;
    length = count;
    hasQuestion = false;
    error = Type.NOERROR;
    hasOpt = false;
    hasSubnet = false;
    wantsDnssec = false;
    wantsServerId = false;
    wantsKeepalive = false;
    cookieLength = 0;
    tsigAt = 0;
    udpSize = 512;
    version = 0;
    questionEnd = HEAD;
    nameLength = 0;
    labels = 0;
    if (count < HEAD || in[2] < 0) {
      return Read.DROP;
    }
    if (((in[2] >> 3) & 0xF) != OPCODE_QUERY) {
      return refuse(Type.NOTIMP);
    }
    int questions = u16(4);
    if (questions > 1 || u16(6) != 0) {
      return refuse(Type.FORMERR); // RFC 9619
    }
    int at = HEAD;
    if (questions == 1) {
      at = readQuestion();
      if (at < 0) {
        return refuse(Type.FORMERR);
      }
    }
    at = skipRecords(at, u16(8));
    at = at < 0 ? at : readAdditional(at, u16(10));
    if (at != length || (u16(8) != 0 && type != Type.IXFR)) {
      return refuse(Type.FORMERR);
    }
    if (version != 0) {
      return refuse(Type.BADVERS);
    }
    // Without a question it may ask for a cookie only (RFC 7873, 5.4).
    return questions == 1 || cookieLength > 0 ? Read.ANSWER : refuse(Type.FORMERR);
  }

  private Read refuse(int rcode) {
    error = rcode;
    return Read.REFUSE;
  }

  int u16(int at) {
    return (in[at] & 0xFF) << 8 | (in[at + 1] & 0xFF);
  }

  private int readQuestion() {
    int at = HEAD;
    labels = 0;
    while (true) {
      if (at >= length) {
        return -1;
      }
      int size = in[at] & 0xFF;
      if (size > 63
          || at + size >= length
          || at - HEAD + size + 1 >= Names.MAX + (size == 0 ? 1 : 0)) {
        return -1; // a pointer, or too long
      }
      starts[labels] = at - HEAD;
      name[at - HEAD] = (byte) size;
      if (size == 0) {
        break;
      }
      for (int i = at + 1; i <= at + size; i++) {
        name[i - HEAD] = Names.lower(in[i]);
      }
      labels++;
      at += size + 1;
    }
    nameLength = at + 1 - HEAD;
    int hash = 0;
    int end = nameLength;
    for (int label = labels; label >= 0; label--) {
      for (int i = end - 1; i >= starts[label]; i--) {
        hash = 31 * hash + name[i];
      }
      hashes[label] = hash;
      end = starts[label];
    }
    at++;
    if (at + 4 > length) {
      return -1;
    }
    type = u16(at);
    dnsClass = u16(at + 2);
    questionEnd = at + 4;
    hasQuestion = true;
    return questionEnd;
  }

  private int skipRecords(int from, int count) {
    int at = from;
    for (int i = 0; i < count && at >= 0; i++) {
      at = skipRecord(at);
    }
    return at;
  }

  private int skipRecord(int from) {
    int at = skipName(from);
    if (at < 0 || at + 10 > length) {
      return -1;
    }
    int end = at + 10 + u16(at + 8);
    return end > length ? -1 : end;
  }

  private int skipName(int from) {
    int at = from;
    while (at < length) {
      int size = in[at] & 0xFF;
      if (size == 0) {
        return at + 1;
      }
      if (size >= 0xC0) {
        return at + 2;
      }
      if (size > 63) {
        return -1;
      }
      at += size + 1;
    }
    return -1;
  }

  private int readAdditional(int from, int count) {
    int at = from;
    for (int i = 0; i < count; i++) {
      int head = skipName(at);
      int end = skipRecord(at);
      if (end < 0) {
        return -1;
      }
      int kind = u16(head);
      if (kind == Type.OPT) {
        if (hasOpt || in[at] != 0 || !readOpt(head, end)) {
          hasOpt |= in[at] == 0;
          return -1;
        }
      } else if (kind == Type.TSIG) {
        if (i != count - 1) {
          return -1; // RFC 8945, 5.1
        }
        tsigAt = at;
        tsigData = head + 10;
      }
      at = end;
    }
    return at;
  }

  private boolean readOpt(int head, int end) {
    hasOpt = true;
    udpSize = Math.max(512, u16(head + 2));
    version = in[head + 5] & 0xFF;
    wantsDnssec = in[head + 6] < 0;
    if (version != 0) {
      return true; // what its options are is not known
    }
    int at = head + 10;
    while (at < end) {
      if (at + 4 > end) {
        return false;
      }
      int code = u16(at);
      int size = u16(at + 2);
      at += 4;
      if (at + size > end || !readOption(code, at, size)) {
        return false;
      }
      at += size;
    }
    return true;
  }

  private boolean readOption(int code, int at, int size) {
    switch (code) {
      case NSID -> wantsServerId = true;
      case COOKIE -> {
        if (size != Cookies.CLIENT && (size < 16 || size > 40)) {
          return false;
        }
        if (cookieLength == 0) { // of several the first counts (RFC 7873, 5)
          cookieLength = size;
          cookieAt = at;
        }
      }
      case SUBNET -> {
        return readSubnet(at, size);
      }
      case KEEPALIVE -> wantsKeepalive = true;
      default -> {} // others are none of ours
    }
    return true;
  }

  /** To the letter (RFC 7871, 6 and 7.1.2): who sends something else may mean something else. */
  private boolean readSubnet(int at, int size) {
    if (size < 4 || hasSubnet) {
      return false;
    }
    subnetFamily = u16(at);
    subnetPrefix = in[at + 2] & 0xFF;
    int scope = in[at + 3] & 0xFF;
    int most = subnetFamily == 1 ? 32 : subnetFamily == 2 ? 128 : 0;
    int bytes = (subnetPrefix + 7) / 8;
    if (subnetFamily > 2 || subnetPrefix > most || scope != 0 || size != 4 + bytes) {
      return false;
    }
    java.util.Arrays.fill(subnet, (byte) 0);
    System.arraycopy(in, at + 4, subnet, 0, bytes);
    int rest = subnetPrefix % 8;
    if (rest != 0 && (subnet[bytes - 1] & (0xFF >> rest)) != 0) {
      return false;
    }
    hasSubnet = true;
    return true;
  }
}
