package io.fairlead.demo;

import io.fairlead.demo.RequestHead.Field;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/** Takes the body of a request from the connection (RFC 9112, 6 and 7.1). */
final class RequestBody {
  /** Most trailer fields of one request. */
  private static final int MAX_TRAILERS = 100;

  private RequestBody() {}

  /** Moves the whole body to {@code sink} and returns the trailer fields. */
  static List<Field> read(RequestHead head, Input input, OutputStream sink) throws IOException {
    if (!head.chunked()) {
      input.copy(Math.max(0, head.contentLength()), sink);
      return List.of();
    }
    for (long size = chunkSize(input.line()); size > 0; size = chunkSize(input.line())) {
      input.copy(size, sink);
      if (!input.line().isEmpty()) {
        throw new BadRequest(400, "chunk longer than its size");
      }
    }
    List<Field> trailers = new ArrayList<>();
    for (String line = input.line(); !line.isEmpty(); line = input.line()) {
      if (trailers.size() == MAX_TRAILERS) {
        throw new BadRequest(431, "more than " + MAX_TRAILERS + " trailers");
      }
      trailers.add(RequestHead.trailer(line));
    }
    return trailers;
  }

  private static long chunkSize(String line) throws BadRequest {
    int extension = line.indexOf(';');
    String size = (extension < 0 ? line : line.substring(0, extension)).stripTrailing();
    if (size.isEmpty() || size.length() > 15) {
      throw new BadRequest(400, "chunk size " + size);
    }
    long value = 0;
    for (int i = 0; i < size.length(); i++) {
      char c = size.charAt(i);
      int digit = c < 128 ? Character.digit(c, 16) : -1;
      if (digit < 0) {
        throw new BadRequest(400, "chunk size " + size);
      }
      value = value * 16 + digit;
    }
    return value;
  }
}
