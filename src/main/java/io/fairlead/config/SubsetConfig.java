package io.fairlead.config;

/**
 * Which part of a large service this instance uses, when several share the work.
 *
 * @param size nodes that it uses; {@link #ALL}: every one
 * @param instance its number among them, from 0
 * @param instances how many there are
 */
public record SubsetConfig(int size, int instance, int instances) {
  public static final int ALL = Integer.MAX_VALUE;
  static final Range<Integer> SIZE = Range.counts(2, 10_000);
  static final Range<Integer> INSTANCES = Range.counts(1, 1000);
  public static final SubsetConfig NONE = new SubsetConfig(ALL, 0, 1);

  public SubsetConfig {
    Require require = new Require().within(INSTANCES, "instances", instances);
    if (size != ALL) {
      require.within(SIZE, "size", size);
    }
    require
        .that(
            instance >= 0 && instance < instances,
            "instance",
            instance,
            "must be from 0 to one less than instances")
        .orRefuse();
  }
}
