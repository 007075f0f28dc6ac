package io.fairlead.demo;

import io.fairlead.demo.Answer.Content;
import java.io.IOException;
import java.util.HexFormat;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** Puts answers on the wire, in the manner asked for. */
final class AnswerWriter {
  private static final byte[] CRLF = {'\r', '\n'};

  private final Output out;
  private final String nodeField;

  AnswerWriter(Output out, String node) {
    this.out = out;
    this.nodeField = "\r\nx-node: " + node;
  }

  /** Sends an interim answer. */
  void interim(String statusAndFields) throws IOException {
    out.text("HTTP/1.1 ").text(statusAndFields).text("\r\n\r\n").flush();
  }

  /** Sends the answer and returns whether the connection may be used again. */
  boolean write(Answer answer, RequestHead head, Manner manner) throws IOException {
    return write(answer, head.minor(), head.isHead(), head.keepAlive(), manner);
  }

  /** Answers what could not be read as a request. */
  void refuse(BadRequest reason) throws IOException {
    write(Answer.text(reason.status(), reason.why() + "\n"), 1, false, false, Manner.PLAIN);
  }

  private boolean write(
      Answer answer, int minor, boolean headOnly, boolean keepAlive, Manner manner)
      throws IOException {
    Content content =
        minor == 0 && answer.content() instanceof Content.Chunked chunked
            ? new Content.UntilClose(chunked.length())
            : answer.content();
    boolean keep = keepAlive && !manner.close() && !(content instanceof Content.UntilClose);
    out.pace(manner.headRate());
    out.text("HTTP/1.1 ").number(answer.status()).text(" ").text(answer.reason()).text(nodeField);
    if (answer.mayHaveBody()) {
      out.text("\r\ncontent-type: ").text(answer.type());
      framing(content);
    }
    if (!keep) {
      out.text("\r\nconnection: close");
    } else if (minor == 0) {
      out.text("\r\nconnection: keep-alive");
    }
    for (String field : answer.fields()) {
      out.text("\r\n").text(field);
    }
    out.text("\r\n\r\n");
    out.pace(manner.bodyRate());
    if (answer.mayHaveBody() && !headOnly) {
      body(content, manner);
    }
    out.flush();
    out.pace(0);
    return keep && manner.cut() == null;
  }

  private void framing(Content content) {
    switch (content) {
      case Content.Whole(String bytes) -> out.text("\r\ncontent-length: ").number(bytes.length());
      case Content.Counted(long length) -> out.text("\r\ncontent-length: ").number(length);
      case Content.UntilClose _ -> {}
      case Content.Chunked(_, _, boolean trailer) ->
          out.text(trailer ? "\r\ntrailer: x-sum" : "").text("\r\ntransfer-encoding: chunked");
    }
  }

  private void body(Content content, Manner manner) throws IOException {
    switch (content) {
      case Content.Whole(String bytes) ->
          out.text(bytes.substring(0, (int) limit(bytes.length(), manner)));
      case Content.Counted(long length) -> pattern(0, limit(length, manner), null);
      case Content.UntilClose(long length) -> pattern(0, limit(length, manner), null);
      case Content.Chunked chunked -> chunks(chunked, limit(chunked.length(), manner), manner);
    }
  }

  private void chunks(Content.Chunked content, long limit, Manner manner) throws IOException {
    CRC32 sum = new CRC32();
    for (long at = 0; at < limit; at += content.chunk()) {
      long size = Math.min(content.chunk(), content.length() - at);
      out.text(Long.toHexString(size)).text("\r\n");
      pattern(at, Math.min(size, limit - at), sum);
      if (at + size <= limit) {
        out.body(CRLF, 0, CRLF.length);
      }
    }
    if (manner.cut() == null) {
      out.text("0\r\n");
      if (content.trailer()) {
        out.text("x-sum: ").text(HexFormat.of().toHexDigits((int) sum.getValue())).text("\r\n");
      }
      out.text("\r\n");
    }
  }

  private void pattern(long offset, long count, @Nullable CRC32 sum) throws IOException {
    for (long done = 0; done < count; ) {
      int run = (int) Math.min(count - done, Pattern.BLOCK);
      if (sum != null) {
        sum.update(Pattern.block(), Pattern.start(offset + done), run);
      }
      out.body(Pattern.block(), Pattern.start(offset + done), run);
      done += run;
    }
  }

  /** How many of a body's bytes are sent. */
  private static long limit(long length, Manner manner) {
    Fault.Cut cut = manner.cut();
    if (cut == null) {
      return length;
    }
    return cut.after() == Fault.Cut.HALF ? length / 2 : Math.min(cut.after(), length);
  }
}
