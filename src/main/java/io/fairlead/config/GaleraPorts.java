package io.fairlead.config;

import java.util.List;

/**
 * Where a member of a Galera cluster that Fairlead manages listens, beside the port for clients; on
 * the same host.
 *
 * @param group where members speak to each other; 0: {@value #GROUP} above that of clients
 * @param ist where it gets what it has missed; 0: {@value #IST} above that of clients
 * @param sst where it gets all of the data; 0: {@value #SST} above that of clients
 */
public record GaleraPorts(int group, int ist, int sst) {
  static final Range<Integer> PORTS = Range.counts(1, 65535);

  /** All as far above the clients' port as usual. */
  static final GaleraPorts USUAL = new GaleraPorts(0, 0, 0);

  private static final int GROUP = 1000;
  private static final int IST = 2000;
  private static final int SST = 3000;

  public GaleraPorts {
    new Require()
        .that(group == 0 || PORTS.contains(group), "group", group, "must be from 1 to 65535")
        .that(ist == 0 || PORTS.contains(ist), "ist", ist, "must be from 1 to 65535")
        .that(sst == 0 || PORTS.contains(sst), "sst", sst, "must be from 1 to 65535")
        .orRefuse();
  }

  /** Without what follows from the clients' port. */
  List<Integer> of(int clients) {
    return List.of(
        group == 0 ? clients + GROUP : group,
        ist == 0 ? clients + IST : ist,
        sst == 0 ? clients + SST : sst);
  }

  /**
   * With what follows from the clients' port.
   *
   * @param clients a port from which all three can follow
   */
  public GaleraPorts above(int clients) {
    List<Integer> all = of(clients);
    return new GaleraPorts(all.get(0), all.get(1), all.get(2));
  }
}
