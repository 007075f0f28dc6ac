package io.fairlead.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What becomes of a request that a route has. */
public sealed interface RouteAction {
  /**
   * A node answers.
   *
   * @param shares service → weight, 0 to 1,000,000; each request goes to one of them by chance, as
   *     often as its weight says
   * @param rewrite what nodes get instead
   */
  record Send(Map<String, Integer> shares, Rewrite rewrite) implements RouteAction {
    static final Range<Integer> WEIGHTS = Range.counts(0, 1_000_000);
    static final int MAX_SERVICES = 100;

    public Send {
      shares = Collections.unmodifiableMap(new LinkedHashMap<>(shares));
      Require require =
          new Require()
              .that(
                  shares.values().stream().anyMatch(weight -> weight > 0),
                  "split",
                  null,
                  "must have a service with a weight above 0")
              .that(
                  shares.size() <= MAX_SERVICES,
                  "split",
                  shares.size(),
                  "must have at most " + MAX_SERVICES + " services");
      shares.forEach((service, weight) ->
          require.that(
              WEIGHTS.contains(weight),
              List.of("split", service),
              weight,
              WEIGHTS.rule(),
              List.of()));
      require.orRefuse();
    }
  }

  /**
   * A member of a database takes the connection.
   *
   * @param database its name
   * @param use what the connection is for
   * @param key where each key has one member that takes its writes: that of all connections which
   *     write; empty: each has its client's address
   */
  record Database(String database, DatabaseUse use, Optional<String> key) implements RouteAction {}

  /**
   * Fairlead sends the client elsewhere.
   *
   * @param to a {@linkplain Template template}: {@code https://HOST/...} or a path; the query is
   *     kept unless this has one
   * @param status 301, 302, 303, 307 or 308
   */
  record Redirect(String to, int status) implements RouteAction {
    static final int DEFAULT_STATUS = 307;
    static final Set<Integer> STATUSES = Set.of(301, 302, 303, 307, 308);
    private static final Pattern ABSOLUTE =
        Pattern.compile("https?://[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?([/?#].*)?");
    private static final Pattern URI_CHARACTERS =
        Pattern.compile("([A-Za-z0-9._~!$&'()*+,;=:@/?#-]|%[0-9A-Fa-f]{2})*");

    public Redirect {
      new Require()
          .unless(to(to), List.of("to"), to)
          .that(STATUSES.contains(status), "status", status, "must be 301, 302, 303, 307 or 308")
          .orRefuse();
    }

    static @Nullable String to(String text) {
      String objection = Template.objection(text, Template.Kind.TARGET, _ -> null);
      if (objection != null) {
        return objection;
      }
      if (text.length() > Syntax.MAX_PATTERN) {
        return "must be at most " + Syntax.MAX_PATTERN + " characters";
      }
      if (text.contains("/{path}")) {
        return "must not have '/' before {path}, which begins with one";
      }
      Template template = Template.parse(text, Template.Kind.TARGET);
      String sample = template.filled(Redirect::sample);
      if (!URI_CHARACTERS.matcher(sample).matches()) {
        return "may contain the characters of a URI only";
      }
      boolean path = text.startsWith("/") && !text.startsWith("//");
      if (!path && !ABSOLUTE.matcher(sample).matches()) {
        return "must be a path or begin with http:// or https:// and a host";
      }
      return path || !clientNamesHost(template)
          ? null
          : "must name a host that no capture is part of: it could send clients anywhere";
    }

    private static String sample(Template.Part part) {
      return part.equals(new Template.Part.Name("path")) ? "/x" : "x";
    }

    /** Whether a capture stands before the end of the authority. */
    private static boolean clientNamesHost(Template template) {
      boolean afterScheme = false;
      for (Template.Part part : template.parts()) {
        switch (part) {
          case Template.Part.Text(String text) -> {
            int from = 0;
            if (!afterScheme) {
              from = text.indexOf("://") + 3;
              if (from < 3) {
                return true;
              }
              afterScheme = true;
            }
            for (int i = from; i < text.length(); i++) {
              if ("/?#".indexOf(text.charAt(i)) >= 0) {
                return false;
              }
            }
          }
          case Template.Part.Capture _ -> {
            return true;
          }
          case Template.Part.Name(String name) -> {
            if (name.equals("path")) {
              return false;
            }
            if (!afterScheme || !name.equals("host")) {
              return true;
            }
          }
        }
      }
      return false;
    }
  }

  /**
   * Fairlead answers.
   *
   * @param status 200 to 599
   * @param content the body
   */
  record Respond(int status, Content content) implements RouteAction {
    static final Range<Integer> STATUSES = Range.counts(200, 599);

    public Respond {
      new Require()
          .within(STATUSES, "status", status)
          .that(
              content.bytes().length() == 0 || !isWithoutBody(status),
              "body",
              null,
              "must not be given: an answer with this status has none")
          .orRefuse();
    }

    private static boolean isWithoutBody(int status) {
      return status == 204 || status == 205 || status == 304;
    }
  }
}
