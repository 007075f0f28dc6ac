package io.fairlead.config;

import io.fairlead.config.AffinityConfig.SameSite;
import io.fairlead.config.AffinityConfig.Secure;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What an operator can write about clients that stay with their node. */
final class AffinityLanguage {
  private static final Key<String> COOKIE =
      Key.of(
          "cookie",
          Scalar.text("name", null, Syntax::cookieName),
          AffinityConfig.DEFAULT_COOKIE,
          "Its name, up to "
              + AffinityConfig.MAX_NAME
              + " characters. Services that one host serves need different ones, but for those that"
              + " share a route.",
          "SHOP_NODE");
  private static final Key<List<Secret>> KEY =
      Key.of(
          "key",
          new ListOf<>("secrets", Scalar.secret("secret")),
          List.of(),
          "a random one, kept in `affinity.key` in the folder `data`",
          "What it is signed with, "
              + AffinityConfig.MIN_KEY
              + " to "
              + AffinityConfig.MAX_KEY
              + " characters, or `file:PATH`; up to "
              + AffinityConfig.MAX_KEYS
              + ", of which the first signs and all verify. Several instances need the same.",
          "[ \"file:secrets/affinity\", \"file:secrets/affinity-before\" ]");
  private static final Key<Duration> MAX_AGE =
      Key.computed(
          "max-age",
          Scalar.duration(AffinityConfig.MAX_AGE),
          "until the client ends",
          "How long clients keep it; it is renewed after half of that.",
          "12h");
  private static final Key<Duration> IDLE =
      Key.of(
          "idle",
          Scalar.duration(AffinityConfig.IDLE),
          AffinityConfig.DEFAULT_IDLE,
          "A draining node without a request of a session for that long is empty.",
          "30m");
  private static final Key<Duration> DRAIN_PATIENCE =
      Key.of(
          "drain-patience",
          Scalar.duration(AffinityConfig.DRAIN_PATIENCE),
          AffinityConfig.DEFAULT_DRAIN_PATIENCE,
          "How long sessions stay at a node that drains; then they go elsewhere.",
          "4h");
  private static final Key<Secure> SECURE =
      Key.of(
          "secure",
          Scalar.word(Secure.class),
          Secure.AUTO,
          "Whether clients send it over TLS only; `auto`: if it was set over TLS.",
          "always");
  private static final Key<SameSite> SAME_SITE =
      Key.of(
          "same-site",
          Scalar.word(SameSite.class),
          SameSite.LAX,
          "Which requests that other sites cause it is sent with; `none`, all of them, needs"
              + " `secure: always`.",
          "strict");
  private static final Key<String> PATH =
      Key.of(
          "path",
          Scalar.text("path", null, _ -> null),
          "/",
          "Of the requests that it is sent with.",
          "\"/shop\"");

  static final Obj<AffinityConfig> COOKIES =
      new Obj<>(
          "affinity",
          "Requests of one client stay with one node, by a signed cookie. For listeners with"
              + " `protocol: http`. See [balancing.md](balancing.md#sessions).",
          List.of(COOKIE, KEY, MAX_AGE, IDLE, DRAIN_PATIENCE, SECURE, SAME_SITE, PATH),
          List.of(),
          null,
          (values, _) -> {
            Duration age = values.find(MAX_AGE);
            return new AffinityConfig(
                values.get(COOKIE),
                values.get(KEY),
                age == null ? Duration.ZERO : age,
                values.get(IDLE),
                values.get(DRAIN_PATIENCE),
                values.get(SECURE),
                values.get(SAME_SITE),
                values.get(PATH));
          });

  private static final Key<AffinityConfig> AFFINITY =
      Key.computed(
          "affinity",
          COOKIES,
          "none",
          "Whether requests of one client stay with one node.",
          "{ cookie: SHOP_NODE }");

  /** Stands among the keys of a service. */
  static final Key<?> OF_SERVICE = AFFINITY;

  private AffinityLanguage() {}

  static Optional<AffinityConfig> of(Values values) {
    return Optional.ofNullable(values.find(AFFINITY));
  }
}
