package io.fairlead.dns;

import io.fairlead.config.Cidr;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Which site a client is of: the longest prefix that fits. A tree with a branch for each bit, in
 * arrays; a look-up goes down as many bits as the longest prefix has. Never changed.
 */
final class Sites {
  static final Sites NONE = new Sites(Map.of());

  private final List<String> names;

  /** Two branches for each place; 0: none. The first is the root for IPv4, the second for IPv6. */
  private int[] branches = new int[4];

  /** Site of each place; -1: none. */
  private int[] sites = {-1, -1};

  private int count = 2;

  Sites(Map<String, List<Cidr>> networks) {
    List<String> all = new java.util.ArrayList<>(List.of(""));
    all.addAll(networks.keySet());
    names = List.copyOf(all);
    for (int site = 1; site < names.size(); site++) {
      for (Cidr network : networks.getOrDefault(names.get(site), List.of())) {
        add(network.address().getAddress(), network.prefix(), site);
      }
    }
  }

  private void add(byte[] address, int prefix, int site) {
    int at = address.length == 4 ? 0 : 1;
    for (int bit = 0; bit < prefix; bit++) {
      int branch = 2 * at + (address[bit >> 3] >> (7 - (bit & 7)) & 1);
      if (branches[branch] == 0) {
        if (count == sites.length) {
          sites = Arrays.copyOf(sites, 2 * count);
          branches = Arrays.copyOf(branches, 4 * count);
        }
        sites[count] = -1;
        branches[branch] = count++;
      }
      at = branches[branch];
    }
    sites[at] = site;
  }

  /** Names; the first, that of clients of no site, is empty. */
  List<String> names() {
    return names;
  }

  boolean isEmpty() {
    return names.size() == 1;
  }

  /**
   * The site in the lower 16 bits, 0 if there is none; above, how many bits had to be looked at to
   * know.
   */
  int find(byte[] address, int length, int prefix) {
    int at = length == 4 ? 0 : 1;
    int site = Math.max(sites[at], 0);
    int bit = 0;
    while (bit < prefix && (branches[2 * at] | branches[2 * at + 1]) != 0) {
      int next = branches[2 * at + (address[bit >> 3] >> (7 - (bit & 7)) & 1)];
      bit++;
      if (next == 0) {
        break;
      }
      at = next;
      if (sites[at] >= 0) {
        site = sites[at];
      }
    }
    return bit << 16 | site;
  }
}
