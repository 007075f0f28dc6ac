package io.fairlead.config;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Values of one shape, each under a name that the operator chooses.
 *
 * @param plural what they are, for people
 * @param names what a name may be
 */
record MapOf<E>(String plural, Names names, Shape<E> value) implements Shape<Map<String, E>> {
  /** Kinds of names. */
  enum Names {
    OBJECT(Syntax.NAME_PATTERN) {
      @Override
      @Nullable String objection(String text) {
        return Syntax.name(text);
      }

      @Override
      String normal(String text) {
        return text;
      }
    },
    HEADER(Syntax.TOKEN_PATTERN) {
      @Override
      @Nullable String objection(String text) {
        return Syntax.headerName(text);
      }

      @Override
      String normal(String text) {
        return text.toLowerCase(Locale.ROOT);
      }
    },
    /** Of a field that is to be changed. */
    EDITED(Syntax.TOKEN_PATTERN) {
      @Override
      @Nullable String objection(String text) {
        return HeaderEdits.name(text);
      }

      @Override
      String normal(String text) {
        return text.toLowerCase(Locale.ROOT);
      }
    },
    /** Of a field of a probe. */
    PROBED(Syntax.TOKEN_PATTERN) {
      @Override
      @Nullable String objection(String text) {
        return text.equals("host")
            ? "must not be given here: host says it"
            : HeaderEdits.name(text);
      }

      @Override
      String normal(String text) {
        return text.toLowerCase(Locale.ROOT);
      }
    },
    /** Of a field of a message to a receiver of alerts. */
    SENT(Syntax.TOKEN_PATTERN) {
      @Override
      @Nullable String objection(String text) {
        return text.equals("host") || text.equals("content-type") || text.equals("expect")
            ? "must not be given: it is known already"
            : HeaderEdits.name(text);
      }

      @Override
      String normal(String text) {
        return text.toLowerCase(Locale.ROOT);
      }
    },
    COOKIE(Syntax.TOKEN_PATTERN) {
      @Override
      @Nullable String objection(String text) {
        return Syntax.cookieName(text);
      }

      @Override
      String normal(String text) {
        return text;
      }
    },
    /** Of a query. */
    PARAMETER(".{1,256}") {
      @Override
      @Nullable String objection(String text) {
        return Syntax.parameterName(text);
      }

      @Override
      String normal(String text) {
        return text;
      }
    },
    /** Of a token. */
    CLAIM(".{1,256}") {
      @Override
      @Nullable String objection(String text) {
        return text.length() > 256 ? "must be at most 256 characters" : JwtConfig.said(text);
      }

      @Override
      String normal(String text) {
        return text;
      }
    },
    /** Of a node. */
    LABEL(Syntax.NAME_PATTERN) {
      @Override
      @Nullable String objection(String text) {
        return Syntax.name(text);
      }

      @Override
      String normal(String text) {
        return text;
      }
    },
    /** Of a variable of the environment. */
    VARIABLE("[A-Za-z_][A-Za-z0-9_]{0,127}") {
      @Override
      @Nullable String objection(String text) {
        return text.matches(pattern) ? null : "must be letters, digits and _, no digit first";
      }

      @Override
      String normal(String text) {
        return text;
      }
    },
    /** Of PostgreSQL. */
    SETTING("[a-z_][a-z0-9_.]{0,62}") {
      @Override
      @Nullable String objection(String text) {
        return text.matches(pattern) ? null : "must be small letters, digits, _ and .";
      }

      @Override
      String normal(String text) {
        return text;
      }
    },
    /** Must be the name of a service. */
    SERVICE(Syntax.NAME_PATTERN) {
      @Override
      @Nullable String objection(String text) {
        return null;
      }

      @Override
      String normal(String text) {
        return text;
      }
    },
    /** Of a zone, or of a key that two name servers share. */
    DNS_ZONE(DnsName.PATTERN) {
      @Override
      @Nullable String objection(String text) {
        return DnsName.absolute(text);
      }

      @Override
      String normal(String text) {
        return DnsName.normal(text);
      }
    },
    /** Below a zone. */
    DNS_OWNER(DnsName.PATTERN) {
      @Override
      @Nullable String objection(String text) {
        return DnsName.relative(text);
      }

      @Override
      String normal(String text) {
        return DnsName.normal(text);
      }
    },
    /** A status of an error, or all of a class. */
    STATUS("[45]([0-9]{2}|xx)") {
      @Override
      @Nullable String objection(String text) {
        return text.matches(pattern) ? null : "must be a status such as 404, or 4xx or 5xx";
      }

      @Override
      String normal(String text) {
        return text;
      }
    };

    final String pattern;

    Names(String pattern) {
      this.pattern = pattern;
    }

    abstract @Nullable String objection(String text);

    abstract String normal(String text);
  }

  @Override
  public @Nullable Map<String, E> read(TreeReader reader, Spot spot) {
    return reader.map(this, spot);
  }

  @Override
  public String kind() {
    return "map of " + plural;
  }

  @Override
  public boolean hasSecret() {
    return !(value instanceof Obj) && value.hasSecret();
  }
}
