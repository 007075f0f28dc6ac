package io.fairlead.acme;

import java.io.IOException;

/** Another instance orders now, or this one cannot know that none does. */
final class Superseded extends IOException {
  private static final long serialVersionUID = 1;

  Superseded(String why) {
    super(why);
  }
}
