package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.fairlead.config.HttpLimits;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Reads mutated messages in one piece and in several, and compares: how bytes are cut must never
 * change what they mean. Every message that is accepted is held against rules that are written down
 * a second time here, slowly and plainly, and what the proxy would write of its head is read again.
 *
 * <p>{@link #run} throws an {@link AssertionError} with the input, spelled so that it can be pasted
 * into a corpus file.
 */
final class ParserFuzz {
  /** Small, so that mutations reach the limits. */
  private static final HttpLimits LIMITS =
      new HttpLimits(
          1,
          2048,
          512,
          24,
          4096,
          HttpLimits.DEFAULT.headerTimeout(),
          HttpLimits.DEFAULT.idleTimeout(),
          0);

  private static final byte[] LINE_END = {'\n'};

  private static final String TCHAR = "!#$%&'*+-.^_`|~";

  private final Mutator mutator;
  private final SplittableRandom random;
  private final List<byte[]> requests;
  private final List<byte[]> responses;
  private long accepted;

  ParserFuzz(List<byte[]> requests, List<byte[]> responses, SplittableRandom random) {
    this.requests = requests;
    this.responses = responses;
    this.random = random;
    this.mutator = new Mutator(random);
  }

  /** Messages whose head was accepted so far; a fuzzer that only makes rubbish tests little. */
  long accepted() {
    return accepted;
  }

  /** One request and one response. */
  void run() {
    byte[] request = mutator.mutate(requests);
    byte[] response = mutator.mutate(responses);
    try {
      compare(request, true, false);
      compare(response, false, random.nextInt(8) == 0);
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(
          "request "
              + Escapes.escape(new String(request, ISO_8859_1))
              + "\nresponse "
              + Escapes.escape(new String(response, ISO_8859_1)),
          e);
    }
  }

  private void compare(byte[] bytes, boolean request, boolean toHead) {
    Reading whole = new Reading(request, toHead);
    whole.feed(bytes, 0, bytes.length);
    Reading split = new Reading(request, toHead);
    int at = 0;
    boolean single = random.nextInt(4) == 0;
    while (at < bytes.length) {
      int count = single ? 1 : Math.min(bytes.length - at, 1 + random.nextInt(40));
      split.feed(bytes, at, count);
      at += count;
    }
    if (!whole.verdict().equals(split.verdict())) {
      // Who has seen part of a line judges it when its end comes.
      whole.feed(LINE_END, 0, 1);
      split.feed(LINE_END, 0, 1);
    }
    check(whole.verdict().equals(split.verdict()), whole.verdict() + " but " + split.verdict());
    check(whole.consumed <= bytes.length + 1, "took more bytes than there were");
    if (whole.headAccepted()) {
      accepted++;
      whole.checkHead(bytes);
    }
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  /** One message being read as {@link HttpConnection} and {@link Exchange} read it. */
  private static final class Reading {
    private final boolean request;
    private final boolean toHead;
    private final Head head = new Head();
    private final BodyReader body = new BodyReader();
    private final StringBuilder data = new StringBuilder();
    private String end = "";
    private String fields = "";
    private String start = "";
    private boolean accepted;
    long consumed;

    Reading(boolean request, boolean toHead) {
      this.request = request;
      this.toHead = toHead;
      head.reset();
    }

    boolean headAccepted() {
      return accepted;
    }

    String verdict() {
      return switch (end) {
        case "" -> "unfinished " + fields + " " + data;
        case "complete" -> "complete " + fields + " " + data + text(body.trailers()) + consumed;
        default -> end + " " + fields + " " + data;
      };
    }

    void feed(byte[] bytes, int from, int count) {
      ByteBuf in = Unpooled.wrappedBuffer(bytes, from, count);
      int rounds = 0;
      while (in.isReadable() && end.isEmpty()) {
        check(++rounds <= 2 * count + 2, "does not come to an end");
        int before = in.readableBytes();
        if (accepted) {
          readBody(in);
        } else {
          readHead(in);
        }
        consumed += before - in.readableBytes();
      }
    }

    private void readHead(ByteBuf in) {
      int before = head.length;
      int count = Math.min(in.readableBytes(), Math.max(1024, before));
      head.append(in, count);
      HeadParser.Result result =
          request
              ? HeadParser.parseRequest(
                  head, LIMITS.headerBytes(), LIMITS.targetBytes(), LIMITS.headers())
              : HeadParser.parseResponse(head, LIMITS.headerBytes(), LIMITS.headers());
      check(head.length <= 2 * LIMITS.headerBytes() + 2048, "keeps too much of a head");
      switch (result) {
        case MORE -> in.skipBytes(count);
        case DONE -> {
          check(head.end > before && head.end <= head.length, "an end outside of the head");
          in.skipBytes(head.end - before);
          head.length = head.end;
          headComplete();
        }
        case BAD, TOO_LARGE, TARGET_TOO_LONG, VERSION -> end = "refused";
      }
    }

    private void headComplete() {
      start = new String(head.bytes, 0, head.end, ISO_8859_1);
      if (request) {
        ErrorReason refusal = RequestCheck.check(head, LIMITS.bodyBytes());
        if (refusal != null) {
          end = "refused";
          return;
        }
      } else if (!ResponseCheck.check(head, toHead)) {
        end = "refused";
        return;
      }
      accepted = true;
      fields =
          text(head)
              + " body "
              + head.body
              + " anew "
              + head.lengthAnew
              + (head.keepAlive ? " keep " : " close ")
              + head.upgrade
              + (request ? path() + host() : "");
      body.begin(head.body, LIMITS);
      if (body.isComplete()) {
        end = "complete";
      }
    }

    private String path() {
      return new String(head.bytes, head.pathStart, head.pathEnd - head.pathStart, ISO_8859_1);
    }

    private String host() {
      return new String(head.bytes, head.hostStart, head.hostEnd - head.hostStart, ISO_8859_1);
    }

    private void readBody(ByteBuf in) {
      switch (body.next(in)) {
        case MORE -> check(!in.isReadable(), "wants more and leaves bytes");
        case DATA -> {
          int count = body.available(in);
          check(count > 0 && count <= in.readableBytes(), "data of " + count + " bytes");
          data.append(in.readCharSequence(count, ISO_8859_1));
          body.taken(count);
          if (body.isComplete()) {
            end = "complete";
          }
        }
        case END -> end = "complete";
        case BROKEN -> end = "broken";
      }
    }

    /** What the fields that stay look like when they are written. */
    private static String text(Head head) {
      ByteBuf out = Unpooled.buffer();
      HeadWriter.writeFields(head, out);
      return out.toString(ISO_8859_1);
    }

    /** The rules once more, in the plainest words there are. */
    void checkHead(byte[] bytes) {
      String raw = new String(bytes, 0, head.end, ISO_8859_1);
      check(raw.equals(start), "not the head that came");
      String message = raw.startsWith("\r\n") ? raw.substring(2) : raw;
      check(message.endsWith("\r\n\r\n"), "a head without an end");
      String[] lines = message.substring(0, message.length() - 4).split("\r\n", -1);
      for (String line : lines) {
        check(
            line.chars().allMatch(c -> c == '\t' || (c >= ' ' && c != 0x7f)), "a control: " + line);
      }
      List<String> lengths = new ArrayList<>();
      List<String> codings = new ArrayList<>();
      int hosts = 0;
      for (int i = 1; i < lines.length; i++) {
        int colon = lines[i].indexOf(':');
        check(colon > 0 && isToken(lines[i].substring(0, colon)), "no field: " + lines[i]);
        String value = lines[i].substring(colon + 1).strip();
        switch (lines[i].substring(0, colon).toLowerCase(java.util.Locale.ROOT)) {
          case "content-length" -> lengths.add(value);
          case "transfer-encoding" -> codings.add(value);
          case "host" -> hosts++;
          default -> {}
        }
      }
      check(lengths.size() + codings.size() <= 1, "framed twice");
      check(lengths.stream().allMatch(value -> value.matches("[0-9]+")), "length " + lengths);
      check(codings.stream().allMatch("chunked"::equalsIgnoreCase), "coding " + codings);
      if (request) {
        check(lines[0].matches("\\S+ \\S+ HTTP/1\\.[01]"), "request line " + lines[0]);
        check(hosts == 1 || (hosts == 0 && lines[0].endsWith("0")), hosts + " hosts");
        check(path().matches("\\*|/[^?#\\\\ \\x00-\\x1f\\x7f]*"), "path " + path());
        check(!(path() + "/").contains("/../") && !(path() + "/").contains("/./"), path());
        check(host().equals(host().toLowerCase(java.util.Locale.ROOT)), "host " + host());
      } else {
        check(
            lines[0].matches("(?s)HTTP/1\\.[01] [1-5][0-9][0-9]( .*)?"), "status line " + lines[0]);
      }
      checkWritten();
    }

    private static boolean isToken(String name) {
      return !name.isEmpty()
          && name.chars()
              .allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || TCHAR.indexOf(c) >= 0));
    }

    /** What is written is read again as the same, and nothing of it is about this hop. */
    private void checkWritten() {
      String written = text(head);
      Head again = new Head();
      again.reset();
      ByteBuf in = Unpooled.copiedBuffer("GET / HTTP/1.1\r\n" + written + "\r\n", ISO_8859_1);
      again.append(in, in.readableBytes());
      HeadParser.Result result = HeadParser.parseRequest(again, 1 << 20, 100, 1000);
      check(result == HeadParser.Result.DONE, result + " when read again: " + written);
      check(again.end == again.length, "something behind the end: " + written);
      check(text(again).equals(written), "differs when written again: " + written);
      check(!again.has(FieldName.CONNECTION), "speaks of this connection: " + written);
      check(!again.has(FieldName.TRANSFER_ENCODING), "frames this hop: " + written);
      check(!again.hasRepeated(FieldName.CONTENT_LENGTH), "two lengths: " + written);
      check(!request || !again.hasRepeated(FieldName.HOST), "two hosts: " + written);
    }
  }
}
