package io.fairlead.proxy.http;

import io.fairlead.config.CompressConfig;
import io.fairlead.config.ContentCoding;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which answers of nodes are packed, and what their heads say then (RFC 9110, 8.4 and 12.5.3). Left
 * alone is what is packed already, a part of something, what must not be changed on the way, and
 * what has a digest of its bytes.
 */
final class Compression {
  private static final byte[] ACCEPT_ENCODING = Ascii.bytes("accept-encoding");
  private static final byte[] CONTENT_ENCODING = Ascii.bytes("content-encoding");
  private static final byte[] CONTENT_TYPE = Ascii.bytes("content-type");
  private static final byte[] CACHE_CONTROL = Ascii.bytes("cache-control");
  private static final byte[] NO_TRANSFORM = Ascii.bytes("no-transform");
  private static final byte[] VARY = Ascii.bytes("vary");
  private static final byte[] ETAG = Ascii.bytes("etag");
  private static final byte[] WEAK = Ascii.bytes("W/");
  private static final byte[] ZSTD = Ascii.bytes("zstd");
  private static final byte[] BR = Ascii.bytes("br");
  private static final byte[] GZIP = Ascii.bytes("gzip");
  private static final byte[] X_GZIP = Ascii.bytes("x-gzip");
  private static final byte[] IDENTITY = Ascii.bytes("identity");
  private static final byte[] ANY = Ascii.bytes("*");
  private static final byte[] ACCEPT_RANGES = Ascii.bytes("accept-ranges");

  /** A range of bytes, or a sum over the bytes as they were sent by the node. */
  private static final byte[][] OF_THE_BYTES = {
    Ascii.bytes("content-range"),
    Ascii.bytes("content-md5"),
    Ascii.bytes("content-digest"),
    Ascii.bytes("repr-digest"),
    Ascii.bytes("digest")
  };

  /** Thousandths, which is as fine as they are said. */
  private static final int FULL = 1000;

  private static final Pattern QUALITY = Pattern.compile(";[qQ]=(0(\\.[0-9]{0,3})?|1(\\.0{0,3})?)");

  private final CompressConfig config;
  private final Set<String> types;
  private final ContentCoding[] codings;

  /** Loads the libraries that it takes, unless they are there. */
  Compression(CompressConfig config) {
    this.config = config;
    types = new HashSet<>(config.types());
    codings = config.codings().stream().filter(Codings::isAvailable).toArray(ContentCoding[]::new);
  }

  CompressConfig config() {
    return config;
  }

  int level() {
    return config.level();
  }

  /**
   * How it is packed for that client; null: not at all. Where it would be packed for another one,
   * the answer says that it depends on the client.
   */
  @Nullable ContentCoding choose(Head request, Head answer) {
    if (answer.status == 204
        || answer.status == 206
        || answer.status == 304
        || !isOfType(answer)
        || (answer.body > 0 && answer.body < config.minBytes())
        || answer.findField(CONTENT_ENCODING, 0) >= 0
        || answer.lists(CACHE_CONTROL, NO_TRANSFORM)) {
      return null;
    }
    for (byte[] name : OF_THE_BYTES) {
      if (answer.findField(name, 0) >= 0) {
        return null;
      }
    }
    if (!answer.lists(VARY, ACCEPT_ENCODING) && !answer.lists(VARY, ANY)) {
      answer.openField(VARY);
      answer.put(ACCEPT_ENCODING);
      answer.closeField(FieldName.OTHER);
    }
    // A client of HTTP/1.0 takes no chunks, and a body of no length could not be told from a cut.
    return answer.body != 0 && request.minorVersion != 0 ? best(request) : null;
  }

  /** From now on the answer is the one that is packed so. */
  void announce(Head answer, ContentCoding coding) {
    RequestCheck.dropAll(answer, 1L << FieldName.CONTENT_LENGTH);
    answer.lengthAnew = -1;
    answer.body = Head.CHUNKED;
    answer.openField(CONTENT_ENCODING);
    answer.put(nameOf(coding));
    answer.closeField(FieldName.OTHER);
    int ranges = answer.findField(ACCEPT_RANGES, 0);
    if (ranges >= 0) {
      answer.drop(ranges);
    }
    int tag = answer.findField(ETAG, 0);
    if (tag >= 0 && answer.bytes[answer.valueStart(tag)] == '"') {
      // The same content in other bytes: the tag no longer stands for each of them.
      int start = answer.valueStart(tag);
      int length = answer.valueEnd(tag) - start;
      answer.drop(tag);
      answer.openField(ETAG);
      answer.put(WEAK);
      answer.put(answer.bytes, start, length);
      answer.closeField(FieldName.OTHER);
    }
  }

  private boolean isOfType(Head answer) {
    int field = answer.findField(CONTENT_TYPE, 0);
    if (field < 0) {
      return false;
    }
    int start = answer.valueStart(field);
    int end = start;
    int slash = -1;
    while (end < answer.valueEnd(field)
        && answer.bytes[end] != ';'
        && answer.bytes[end] != ' '
        && answer.bytes[end] != '\t') {
      if (answer.bytes[end] == '/') {
        slash = end;
      }
      end++;
    }
    String type = Ascii.text(answer.bytes, start, end).toLowerCase(Locale.ROOT);
    return types.contains(type)
        || (slash > 0
            && !type.equals("text/event-stream")
            && types.contains(type.substring(0, slash - start + 1) + "*"));
  }

  private static byte[] nameOf(ContentCoding coding) {
    return switch (coding) {
      case ZSTD -> ZSTD;
      case BR -> BR;
      case GZIP -> GZIP;
    };
  }

  /**
   * What the client would rather have than the others, of equals the first of ours; null: nothing
   * of it, or it would rather have the answer as it is.
   */
  private @Nullable ContentCoding best(Head request) {
    int zstd = -1;
    int br = -1;
    int gzip = -1;
    int any = -1;
    int identity = -1;
    byte[] bytes = request.bytes;
    for (int field = request.findField(ACCEPT_ENCODING, 0);
        field >= 0;
        field = request.findField(ACCEPT_ENCODING, field + 1)) {
      int at = request.valueStart(field);
      int end = request.valueEnd(field);
      while (at < end) {
        int next = at;
        while (next < end && bytes[next] != ',') {
          next++;
        }
        int from = skip(bytes, at, next);
        int to = from;
        while (to < next && bytes[to] != ';' && bytes[to] != ' ' && bytes[to] != '\t') {
          to++;
        }
        int quality = quality(bytes, to, next);
        if (Ascii.rangeEqualsIgnoreCase(bytes, from, to, GZIP)
            || Ascii.rangeEqualsIgnoreCase(bytes, from, to, X_GZIP)) {
          gzip = Math.max(gzip, quality);
        } else if (Ascii.rangeEqualsIgnoreCase(bytes, from, to, BR)) {
          br = Math.max(br, quality);
        } else if (Ascii.rangeEqualsIgnoreCase(bytes, from, to, ZSTD)) {
          zstd = Math.max(zstd, quality);
        } else if (Ascii.rangeEqualsIgnoreCase(bytes, from, to, ANY)) {
          any = quality;
        } else if (Ascii.rangeEqualsIgnoreCase(bytes, from, to, IDENTITY)) {
          identity = quality;
        }
        at = next + 1;
      }
    }
    ContentCoding best = null;
    int most = Math.max(1, identity);
    for (ContentCoding coding : codings) {
      int said =
          switch (coding) {
            case ZSTD -> zstd;
            case BR -> br;
            case GZIP -> gzip;
          };
      int quality = said >= 0 ? said : any;
      if (quality > most || (quality == most && best == null)) {
        best = coding;
        most = quality;
      }
    }
    return best;
  }

  private static int skip(byte[] bytes, int from, int end) {
    int at = from;
    while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) {
      at++;
    }
    return at;
  }

  /** Of {@code ;q=0.5}, in thousandths; what cannot be read counts as no. */
  private static int quality(byte[] bytes, int from, int end) {
    if (skip(bytes, from, end) == end) {
      return FULL; // as nearly all say it: nothing is made for these
    }
    String text = Ascii.text(bytes, from, end).replace(" ", "").replace("\t", "");
    return QUALITY.matcher(text).matches()
        ? (int) Math.round(Double.parseDouble(text.substring(3)) * FULL)
        : 0;
  }
}
