package io.fairlead.proxy.http;

import io.fairlead.telemetry.ErrorReason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps from nodes what browsers keep for us. They send it to all ports and paths of a host, so it
 * is taken out on all routes where people sign in for any; on those themselves {@link OidcGuard}
 * does it, when it has looked.
 */
public final class OwnCookieGuard extends Guard {
  @Override
  Answer ask(Exchange exchange, HttpLoop loop) {
    SignIn.strip(exchange.request);
    return Answer.GOES_ON;
  }

  @Override
  @Nullable ErrorReason explain(Head request, List<String> said) {
    return null;
  }
}
