package io.fairlead.config;

/** Which requests are given up first when there is too much to do: the last ones here. */
public enum Importance {
  CRITICAL(0),
  HIGH(1),
  NORMAL(2),
  LOW(3);

  private final int rank;

  Importance(int rank) {
    this.rank = rank;
  }

  /** 0 is the most important. */
  public int rank() {
    return rank;
  }
}
