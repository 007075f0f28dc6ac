package io.fairlead.demo;

import io.fairlead.demo.Answer.Content;
import io.fairlead.demo.RequestHead.Field;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Which answer a path of the test node has; no I/O, no waiting. */
final class Pages {
  /** Longest {@code /bytes} and {@code /chunked}. */
  static final long MAX_BYTES = 1L << 30;

  /** Longest {@code /delay}, in milliseconds: ten minutes. */
  static final long MAX_DELAY = 600_000;

  private static final int DEFAULT_CHUNK = 16 * 1024;

  private Pages() {}

  /**
   * The answer of a node of this name and health.
   *
   * @throws BadRequest when a number in path or query is out of bounds
   */
  static Answer answer(Request request, String node, boolean healthy) throws BadRequest {
    String path = request.path();
    Query query = request.query();
    Answer answer;
    if (path.equals("/healthz")) {
      answer = healthy ? Answer.text(200, "ok\n") : Answer.text(503, "failing as told\n");
    } else if (path.equals("/echo")) {
      answer =
          query.flag("raw")
              ? Answer.bytes(new Content.Whole(request.rawHead()))
              : echo(request, node);
    } else if (path.startsWith("/bytes/")) {
      long length = number(path, "/bytes/", 0, MAX_BYTES);
      answer =
          Answer.bytes(
              query.flag("until-close")
                  ? new Content.UntilClose(length)
                  : new Content.Counted(length));
    } else if (path.startsWith("/chunked/")) {
      answer =
          Answer.bytes(
              new Content.Chunked(
                  number(path, "/chunked/", 0, MAX_BYTES),
                  (int)
                      number(
                          "chunk=" + query.first("chunk").orElse("" + DEFAULT_CHUNK),
                          "chunk=",
                          1,
                          MAX_BYTES),
                  query.flag("trailer")));
    } else if (path.startsWith("/status/")) {
      int status = (int) number(path, "/status/", 200, 599);
      answer = Answer.text(status, "status " + status + " from " + node + "\n");
    } else {
      answer = Answer.text(200, "hello from " + node + ", request " + request.number() + "\n");
    }
    return answer.with(query.all("header"));
  }

  /** How long {@code /delay/MS} asks to wait, in milliseconds; 0 for every other path. */
  static long delay(String path) throws BadRequest {
    return path.startsWith("/delay/") ? number(path, "/delay/", 0, MAX_DELAY) : 0;
  }

  private static Answer echo(Request request, String node) {
    ObjectNode document = JsonMapper.shared().createObjectNode();
    document.put("node", node);
    document.put("method", request.head().method());
    document.put("target", request.head().target());
    document.put("version", "HTTP/1." + request.head().minor());
    fields(document.putArray("headers"), RequestHead.fields(request.rawHead()));
    document.put("body", request.body());
    fields(document.putArray("trailers"), request.trailers());
    return Answer.json(200, JsonMapper.shared().writeValueAsString(document));
  }

  private static void fields(ArrayNode array, List<Field> fields) {
    for (Field field : fields) {
      array.addArray().add(field.name()).add(field.value());
    }
  }

  private static long number(String text, String prefix, long least, long most) throws BadRequest {
    String digits = text.substring(prefix.length());
    long number = digits.matches("[0-9]{1,12}") ? Long.parseLong(digits) : -1;
    if (number < least || number > most) {
      throw new BadRequest(
          400, prefix + " takes a number from " + least + " to " + most + " (was " + digits + ")");
    }
    return number;
  }
}
