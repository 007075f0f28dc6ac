package io.fairlead.admin;

import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.AdminConfig.Token;
import org.jspecify.annotations.Nullable;

/** Who asks, as far as a request says so. What they may do is {@link Gate}'s to decide. */
sealed interface Caller {
  /** As audit events name them. */
  String name();

  /** The highest they have; null: none. */
  @Nullable Role role();

  /**
   * Whoever reaches a door for which nobody needs to say who it is.
   *
   * @param name the address that they come from
   */
  record Anybody(String name) implements Caller {
    @Override
    public Role role() {
      return Role.OPERATOR;
    }
  }

  /**
   * Somebody who does not say who it is, or not so that it could be believed.
   *
   * @param name the address that they come from
   */
  record Stranger(String name) implements Caller {
    @Override
    public @Nullable Role role() {
      return null;
    }
  }

  /** Somebody who has a token. */
  record Holder(Token token) implements Caller {
    @Override
    public String name() {
      return token.name();
    }

    @Override
    public Role role() {
      return token.role();
    }
  }

  /**
   * Somebody who has signed in.
   *
   * @param until end of the session, in milliseconds since 1970
   * @param session which it is, on this instance and others
   */
  record Person(String name, @Nullable Role role, long until, long session) implements Caller {}
}
