package io.fairlead.config;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What nodes get instead of what the client asked for.
 *
 * @param path a {@linkplain Template template} for the path, which is normalised again; the query
 *     stays; empty: as it came
 * @param host for the Host field; empty: as it came
 */
public record Rewrite(String path, String host) {
  /** What templates of paths and targets may name besides captures. */
  static final Set<String> VARIABLES = Set.of("host", "path");

  public static final Rewrite NONE = new Rewrite("", "");

  public Rewrite {
    Require require = new Require();
    if (!path.isEmpty()) {
      require.unless(path(path), List.of("path"), path);
    }
    if (!host.isEmpty()) {
      require.unless(Syntax.probeHost(host), List.of("host"), host);
    }
    require.orRefuse();
  }

  static @Nullable String path(String text) {
    String objection = Template.objection(text, Template.Kind.TARGET, _ -> null);
    if (objection != null) {
      return objection;
    }
    if (text.indexOf('*') >= 0) {
      return "must not contain '*': what a pattern took is $1, $2 and so on";
    }
    if (text.contains("/{path}")) {
      return "must not have '/' before {path}, which begins with one";
    }
    String sample =
        Template.parse(text, Template.Kind.TARGET)
            .filled(part -> part.equals(new Template.Part.Name("path")) ? "/x" : "x");
    return Syntax.pathPattern(sample);
  }
}
