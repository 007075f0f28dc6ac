package io.fairlead.telemetry;

/**
 * Names of spans, made of what a record says anyway: so nodes are told the same as what is exported
 * later, and nothing is kept for it. Those of one exchange are all different; those of two are as
 * likely to be the same as any two numbers of 64 bits.
 */
public final class SpanIds {
  /** The number of the exchange itself; its tries count from 1. */
  public static final int EXCHANGE = 0;

  private SpanIds() {}

  /**
   * The id of a span, never 0.
   *
   * @param idHigh of the exchange's id the upper 8 bytes
   * @param idLow the lower 4
   * @param number of the try
   */
  public static long of(long idHigh, int idLow, int number) {
    long id = mix(mix(idHigh) ^ ((long) idLow << 32 | number));
    return id == 0 ? 1 : id;
  }

  /** Different for different values, and every bit depends on every bit (Stafford's variant 13). */
  private static long mix(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D0_49BB_1331_11EBL;
    return mixed ^ (mixed >>> 31);
  }
}
