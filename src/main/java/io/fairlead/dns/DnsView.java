package io.fairlead.dns;

import java.util.List;

/** What is answered for, for people. */
public final class DnsView {
  private DnsView() {}

  /**
   * A zone.
   *
   * @param name of its apex
   * @param serial of its SOA
   * @param records in its file, or what stands for it
   * @param names that are balanced
   */
  public record Zone(String name, long serial, int records, List<Name> names) {}

  /**
   * A balanced name.
   *
   * @param name the whole
   * @param policy as configured
   * @param failOpen whether no pool has enough members that are up
   * @param pool the number of the pool that is used, from 1; 0: none has any member
   * @param ttl seconds that an answer may be kept now
   * @param pools in order
   */
  public record Name(
      String name, String policy, boolean failOpen, int pool, int ttl, List<Pool> pools) {}

  /**
   * A pool.
   *
   * @param text where its members come from
   * @param members all of them
   */
  public record Pool(String text, List<One> members) {}

  /**
   * A member.
   *
   * @param address what is answered
   * @param name what people call it
   * @param state up, down or draining
   * @param forced what an operator says: auto, up, down or drain
   * @param answered whether answers have it now
   * @param weight its share, as configured
   * @param site where it stands; may be empty
   */
  public record One(
      String address,
      String name,
      String state,
      String forced,
      boolean answered,
      double weight,
      String site) {}

  /** What is counted of one zone and code. */
  public record Code(String zone, String code, long count) {}

  /** What is counted of one name. */
  public record Counted(String zone, String name, long answers, long failOpen, long empty) {}

  /**
   * An answer.
   *
   * @param code such as NOERROR
   * @param authoritative whether it is ours, and not where somebody else answers
   * @param answers records, as people write them
   * @param authority of whom the rest is known
   */
  public record Asked(
      String code, boolean authoritative, List<String> answers, List<String> authority) {}
}
