package io.fairlead.proxy.http;

import io.fairlead.config.HttpLimits;
import io.fairlead.route.Explanation;
import io.fairlead.telemetry.ErrorReason;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Puts a request that somebody describes through the very checks that a real one meets. */
public final class RequestExplainer {
  /**
   * What became of it.
   *
   * @param refusal why it would not be routed; null if it would
   * @param path as routed, after normalisation
   * @param host as routed
   * @param explanation of the routing; null if it was refused
   */
  public record Outcome(
      @Nullable ErrorReason refusal,
      String path,
      String host,
      @Nullable Explanation<HttpRoute> explanation) {}

  private RequestExplainer() {}

  /**
   * Goes the way of a request as far as its route.
   *
   * @param target as in a request line
   * @param headers with Host; each value becomes a field
   */
  public static Outcome explain(
      HttpPolicy policy, String method, String target, Map<String, List<String>> headers) {
    StringBuilder text = new StringBuilder();
    text.append(method).append(' ').append(target).append(" HTTP/1.1\r\n");
    headers.forEach((name, values) ->
        values.forEach(value -> text.append(name).append(": ").append(value).append("\r\n")));
    text.append("\r\n");
    Head head = new Head();
    head.reset();
    byte[] bytes = Ascii.bytes(text.toString());
    head.ensure(bytes.length);
    System.arraycopy(bytes, 0, head.bytes, 0, bytes.length);
    head.length = bytes.length;
    HttpLimits limits = policy.limits();
    ErrorReason refusal =
        switch (HeadParser.parseRequest(
            head, limits.headerBytes(), limits.targetBytes(), limits.headers())) {
          case DONE -> head.end == bytes.length ? null : ErrorReason.BAD_REQUEST;
          case MORE, BAD -> ErrorReason.BAD_REQUEST;
          case TOO_LARGE -> ErrorReason.HEAD_TOO_LARGE;
          case TARGET_TOO_LONG -> ErrorReason.TARGET_TOO_LONG;
          case VERSION -> ErrorReason.VERSION_NOT_SUPPORTED;
        };
    if (refusal == null) {
      refusal = RequestCheck.check(head, limits.bodyBytes());
    }
    if (refusal != null) {
      return new Outcome(refusal, "", "", null);
    }
    return new Outcome(
        null,
        Ascii.text(head.bytes, head.pathStart, head.pathEnd),
        Ascii.text(head.bytes, head.hostStart, head.hostEnd),
        policy.routes().explain(head));
  }
}
