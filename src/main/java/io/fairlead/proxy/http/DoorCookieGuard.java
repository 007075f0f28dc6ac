package io.fairlead.proxy.http;

import io.fairlead.telemetry.ErrorReason;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps from nodes what browsers keep for the operator's door. They send it to all ports of its
 * host, so it is taken out wherever another host, or another port of that one, was asked for; where
 * the door itself stands behind a listener, it needs it.
 */
public final class DoorCookieGuard extends Guard {
  /** What names of its cookies begin with. */
  private static final byte[] PREFIX = Ascii.bytes("fairlead-admin-");

  private static final byte[] HOST_PREFIX = Ascii.bytes("__Host-fairlead-admin-");

  private final byte[] host;
  private final byte[] callback;

  /**
   * @param host the door's, as browsers write it in {@code Host}
   * @param callback path to which the provider sends browsers back
   */
  public DoorCookieGuard(String host, String callback) {
    this.host = Ascii.bytes(host);
    this.callback = Ascii.bytes(callback);
  }

  @Override
  Answer ask(Exchange exchange, HttpLoop loop) {
    Head request = exchange.request;
    if (isDoor(request)) {
      if (isAt(exchange, callback)) {
        exchange.hideQuery(); // the code, before anybody keeps it
      }
    } else if (request.has(FieldName.COOKIE)) {
      CookieField.stripAll(request, HOST_PREFIX);
      CookieField.stripAll(request, PREFIX);
    }
    return Answer.GOES_ON;
  }

  private boolean isDoor(Head request) {
    int start = request.authorityStart;
    int end = request.authorityEnd;
    if (request.has(FieldName.HOST)) {
      start = request.valueStart(request.first(FieldName.HOST));
      end = request.valueEnd(request.first(FieldName.HOST));
    }
    if (end - start != host.length) {
      return false;
    }
    for (int i = 0; i < host.length; i++) {
      byte one = request.bytes[start + i];
      if ((one >= 'A' && one <= 'Z' ? one + 32 : one) != host[i]) {
        return false;
      }
    }
    return true;
  }

  private static boolean isAt(Exchange exchange, byte[] path) {
    int start = exchange.pathStart();
    return exchange.pathLength() == path.length
        && Arrays.equals(exchange.request.bytes, start, start + path.length, path, 0, path.length);
  }

  @Override
  @Nullable ErrorReason explain(Head request, List<String> said) {
    return null;
  }
}
