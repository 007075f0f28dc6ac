package io.fairlead.config;

/** Which requests are given up first when there is too much to do: the last ones here. */
public enum Importance {
  CRITICAL,
  HIGH,
  NORMAL,
  LOW
}
