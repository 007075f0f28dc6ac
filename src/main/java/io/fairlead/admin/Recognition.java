package io.fairlead.admin;

import io.fairlead.config.AdminConfig;
import io.fairlead.config.AdminConfig.Token;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who asks. A token is what somebody has put into the request, a cookie is what a browser
 * adds unasked: where there is a token it alone counts, good or not.
 */
final class Recognition {
  private final AdminConfig config;
  private final @Nullable AdminSignIn signIn;

  /**
   * @param signIn null: nobody signs in
   */
  Recognition(AdminConfig config, @Nullable AdminSignIn signIn) {
    this.config = config;
    this.signIn = signIn;
  }

  /**
   * Who it is.
   *
   * @param remote address that the request came from
   */
  Caller of(Gate.Fields fields, String remote) {
    if (config.isOpen()) {
      return new Caller.Anybody(remote);
    }
    String authorization = fields.first("authorization");
    if (authorization != null && authorization.regionMatches(true, 0, "Bearer ", 0, 7)) {
      Token token = find(authorization.substring(7).strip());
      return token == null ? new Caller.Stranger(remote) : new Caller.Holder(token);
    }
    Caller person = signIn == null ? null : signIn.person(fields);
    return person == null ? new Caller.Stranger(remote) : person;
  }

  private @Nullable Token find(String text) {
    byte[] given = text.getBytes(StandardCharsets.UTF_8);
    Token found = null;
    for (Token token : config.tokens()) {
      // Every token is compared in full, so that the time tells nothing about any of them.
      if (MessageDigest.isEqual(given, token.secret().value().getBytes(StandardCharsets.UTF_8))) {
        found = token;
      }
    }
    return found;
  }
}
