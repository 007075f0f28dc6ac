package io.fairlead.proxy.http;

import io.fairlead.config.HttpLimits;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;

/**
 * Finds out which of the bytes on a connection are the body of a message: counted, in chunks (RFC
 * 9112, 7.1, read strictly), or all until the end. Never holds bytes; chunk sizes and extensions
 * stay here, the data goes on as slices.
 */
final class BodyReader {
  /** What comes next. */
  enum Event {
    /** Nothing usable yet. */
    MORE,
    /** Some bytes of the body are next: {@link #available}. */
    DATA,
    /** The body is complete; trailers, if any, have been read. */
    END,
    /** The framing is broken; there is no going on. */
    BROKEN
  }

  private enum Stage {
    SIZE,
    NAME_START,
    NAME,
    VALUE_START,
    VALUE,
    QUOTED,
    QUOTED_PAIR,
    AFTER_QUOTED,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILERS,
    END
  }

  /** Of one line: size and extensions. */
  private static final int MAX_SIZE_LINE = 1024;

  /** Of all such lines beyond one for each 4 KiB of data: extensions must not outweigh the body. */
  private static final int MAX_OVERHEAD = 64 * 1024;

  private static final int MAX_SIZE_DIGITS = 16;

  private long framing;
  private Stage stage = Stage.END;
  private long remaining;
  private int digits;
  private int lineBytes;
  private long overhead;
  private long dataBytes;
  private long maxBytes;
  private int maxTrailerBytes;
  private int maxTrailers;
  private ErrorReason fault = ErrorReason.BAD_REQUEST;
  private Head trailers = Head.NONE;

  /**
   * @param body length or kind, as in {@link Head#body}
   * @param limits on data and trailers
   */
  void begin(long body, HttpLimits limits) {
    begin(body, limits, limits.bodyBytes());
  }

  /** The same with another limit on data. */
  void begin(long body, HttpLimits limits, long maxBody) {
    framing = body;
    maxBytes = maxBody;
    maxTrailerBytes = limits.headerBytes();
    maxTrailers = limits.headers();
    remaining = Math.max(body, 0);
    digits = 0;
    lineBytes = 0;
    overhead = 0;
    dataBytes = 0;
    fault = ErrorReason.BAD_REQUEST;
    trailers = Head.NONE;
    stage =
        body == Head.CHUNKED
            ? Stage.SIZE
            : body == Head.UNTIL_CLOSE || body > 0 ? Stage.DATA : Stage.END;
  }

  boolean isComplete() {
    return stage == Stage.END;
  }

  /** What to tell a client whose body is {@link Event#BROKEN}. */
  ErrorReason fault() {
    return fault;
  }

  /** Its length is not known when it begins. */
  boolean isBoundless() {
    return framing < 0;
  }

  /** The end of the connection is the end of the body. */
  boolean endsWithConnection() {
    return framing == Head.UNTIL_CLOSE;
  }

  void connectionEnded() {
    stage = Stage.END;
  }

  /** What followed the last chunk; no fields if nothing did. */
  Head trailers() {
    return trailers;
  }

  /** How many of the buffer's bytes belong to the body, after {@link Event#DATA}. */
  int available(ByteBuf in) {
    int readable = in.readableBytes();
    return framing == Head.UNTIL_CLOSE ? readable : (int) Math.min(readable, remaining);
  }

  /** Says that so many bytes of the body have been taken from the buffer. */
  void taken(int count) {
    dataBytes += count;
    if (framing == Head.UNTIL_CLOSE) {
      return;
    }
    remaining -= count;
    if (remaining == 0) {
      stage = framing == Head.CHUNKED ? Stage.DATA_CR : Stage.END;
    }
  }

  /** Takes framing bytes until there is data, an end, or nothing left. */
  Event next(ByteBuf in) {
    while (true) {
      if (stage == Stage.END) {
        return Event.END;
      }
      if (!in.isReadable()) {
        return Event.MORE;
      }
      if (stage == Stage.DATA) {
        return Event.DATA;
      }
      if (stage == Stage.TRAILERS) {
        return readTrailers(in);
      }
      if (!step(in.readByte())) {
        return Event.BROKEN;
      }
    }
  }

  /** One byte of chunk framing; false if it must not be there. */
  private boolean step(byte b) {
    if (++lineBytes > MAX_SIZE_LINE || ++overhead > MAX_OVERHEAD + dataBytes) {
      return false;
    }
    switch (stage) {
      case SIZE -> {
        int value = Ascii.hexValue(b);
        if (value >= 0) {
          if (remaining > Long.MAX_VALUE >>> 4) {
            return false;
          }
          remaining = remaining * 16 + value;
          return ++digits <= MAX_SIZE_DIGITS;
        }
        return digits > 0 && endOfElement(b);
      }
      case NAME_START -> {
        stage = Stage.NAME;
        return Ascii.classOf(b) != 0;
      }
      case NAME -> {
        if (b == '=') {
          stage = Stage.VALUE_START;
          return true;
        }
        return Ascii.classOf(b) != 0 || endOfElement(b);
      }
      case VALUE_START -> {
        stage = b == '"' ? Stage.QUOTED : Stage.VALUE;
        return b == '"' || Ascii.classOf(b) != 0;
      }
      case VALUE -> {
        return Ascii.classOf(b) != 0 || endOfElement(b);
      }
      case QUOTED -> {
        if (b == '"') {
          stage = Stage.AFTER_QUOTED;
          return true;
        }
        if (b == '\\') {
          stage = Stage.QUOTED_PAIR;
          return true;
        }
        return isText(b);
      }
      case QUOTED_PAIR -> {
        stage = Stage.QUOTED;
        return isText(b);
      }
      case AFTER_QUOTED -> {
        return endOfElement(b);
      }
      case SIZE_LF -> {
        if (b != '\n') {
          return false;
        }
        lineBytes = 0;
        digits = 0;
        if (remaining > 0) {
          if (remaining > maxBytes - dataBytes) {
            fault = ErrorReason.BODY_TOO_LARGE;
            return false;
          }
          stage = Stage.DATA;
        } else {
          stage = Stage.TRAILERS;
          trailers = new Head();
        }
      }
      case DATA_CR -> {
        stage = Stage.DATA_LF;
        return b == '\r';
      }
      case DATA_LF -> {
        stage = Stage.SIZE;
        lineBytes = 0;
        return b == '\n';
      }
      case DATA, TRAILERS, END -> throw new IllegalStateException(stage.name());
    }
    return true;
  }

  /** Behind a size or an extension: another extension or the end of the line. */
  private boolean endOfElement(byte b) {
    stage = b == ';' ? Stage.NAME_START : Stage.SIZE_LF;
    return b == ';' || b == '\r';
  }

  private static boolean isText(byte b) {
    return b == '\t' || (b >= 0x20 && b != 0x7F) || b < 0;
  }

  private Event readTrailers(ByteBuf in) {
    if (trailers.length == 0 && in.getByte(in.readerIndex()) == '\r') {
      // The usual case: no trailers. Two bytes, perhaps not both here yet.
      if (in.readableBytes() >= 2) {
        in.skipBytes(1);
        if (in.readByte() != '\n') {
          return Event.BROKEN;
        }
        stage = Stage.END;
        return Event.END;
      }
    }
    int before = trailers.length;
    trailers.append(in, Math.min(in.readableBytes(), maxTrailerBytes + 1 - before));
    HeadParser.Result result = HeadParser.parseTrailers(trailers, maxTrailerBytes, maxTrailers);
    if (result == HeadParser.Result.MORE) {
      in.skipBytes(trailers.length - before);
      return Event.MORE;
    }
    if (result == HeadParser.Result.TOO_LARGE) {
      fault = ErrorReason.HEAD_TOO_LARGE;
    }
    if (result != HeadParser.Result.DONE || hasFramingField(trailers)) {
      return Event.BROKEN;
    }
    in.skipBytes(trailers.end - before);
    trailers.length = trailers.end;
    dropUnwanted(trailers);
    stage = Stage.END;
    return Event.END;
  }

  /** Takes out of trailers what must not be there; false if they are not sound at all. */
  static boolean cleanTrailers(Head trailers) {
    if (hasFramingField(trailers)) {
      return false;
    }
    dropUnwanted(trailers);
    return true;
  }

  private static boolean hasFramingField(Head trailers) {
    return trailers.has(FieldName.HOST)
        || trailers.has(FieldName.CONTENT_LENGTH)
        || trailers.has(FieldName.TRANSFER_ENCODING);
  }

  /** A trailer may add information about the body, not change who asks or what is meant. */
  private static void dropUnwanted(Head trailers) {
    for (int field = 0; field < trailers.fieldCount; field++) {
      if (trailers.id(field) != FieldName.OTHER
          || FieldName.isProtected(
              trailers.bytes, trailers.nameStart(field), trailers.nameEnd(field))) {
        trailers.drop(field);
      }
    }
  }
}
