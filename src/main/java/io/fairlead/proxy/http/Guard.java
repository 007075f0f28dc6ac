package io.fairlead.proxy.http;

import io.fairlead.telemetry.ErrorReason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a request goes on, before a service is chosen for it. One for all event loops; a
 * route without guards never asks.
 *
 * <p>A request whose guard has to find something out first is held: nothing is read of its body,
 * and whatever ends the exchange (its client goes, time is up, the instance stops) ends the wait.
 */
public abstract sealed class Guard
    permits CredentialGuard,
        DoorCookieGuard,
        OwnCookieGuard,
        OidcGuard,
        OidcCallbackGuard,
        OidcSignOutGuard,
        ExtAuthGuard,
        FilterGuard,
        FaultGuard {
  /** What becomes of the request. */
  enum Answer {
    GOES_ON,
    /** It has been answered. */
    TURNED_AWAY,
    /** It is to wait; {@link Exchange#hold} has been called, and {@link Exchange#goOn} may be. */
    HELD
  }

  /** A request that is held. */
  interface Hold {
    /** The exchange is over, or answered otherwise. */
    void letGo();

    /** What is said when it has waited for too long. */
    ErrorReason late();
  }

  Guard() {}

  /** Asks. On the event loop of the exchange. */
  abstract Answer ask(Exchange exchange, HttpLoop loop);

  /**
   * Says what it does with such a request.
   *
   * @return what it would be answered with; null: that cannot be told, or it goes on
   */
  abstract @Nullable ErrorReason explain(Head request, List<String> said);

  /** Takes out fields in which nobody but us may say anything, in lower case. */
  static void dropOwn(Head request, byte[][] names) {
    for (int field = 0; field < request.fieldCount; field++) {
      for (byte[] name : names) {
        if (isTwin(request.bytes, request.nameStart(field), request.nameEnd(field), name)) {
          request.drop(field);
        }
      }
    }
  }

  /** Some application gateways read an underscore as a hyphen. */
  private static boolean isTwin(byte[] bytes, int start, int end, byte[] name) {
    if (end - start != name.length) {
      return false;
    }
    for (int i = 0; i < name.length; i++) {
      byte theirs = Ascii.toLower(bytes[start + i]);
      if (theirs != name[i] && (!isJoint(theirs) || !isJoint(name[i]))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isJoint(byte b) {
    return b == '-' || b == '_';
  }
}
