package io.fairlead.insight.pattern;

import java.util.SplittableRandom;

/** What the node of a shop writes: lines as real ones are, by the statement that writes them. */
final class Shop {
  private static final String[] USERS = {"alice", "bob", "carol", "dave", "erin", "frank"};
  private static final String[] ITEMS = {"shoes", "hat", "coat", "umbrella", "gloves"};
  private static final String[] TABLES = {"orders", "items", "users", "stock"};

  /** Statements that there are. */
  static final int STATEMENTS = 12;

  private Shop() {}

  static String line(int statement, int number, SplittableRandom random) {
    String time =
        "2026-11-26T%02d:%02d:%02d.%03dZ "
            .formatted(number / 3600 % 24, number / 60 % 60, number % 60, random.nextInt(1000));
    String user = USERS[random.nextInt(USERS.length)];
    String item = ITEMS[random.nextInt(ITEMS.length)];
    String table = TABLES[random.nextInt(TABLES.length)];
    int some = random.nextInt(100_000);
    String id = Long.toHexString(random.nextLong() | 1L << 62);
    return time
        + switch (statement) {
          case 0 ->
              "INFO  [http-1] c.s.Orders - order "
                  + some
                  + " of "
                  + user
                  + " created in "
                  + some % 90
                  + " ms";
          case 1 -> "INFO  [http-2] c.s.Cart - " + user + " put " + item + " into cart " + id;
          case 2 -> "DEBUG [http-3] c.s.Stock - stock of " + item + " is " + some;
          case 3 -> "WARN  [pool-1] c.s.Db - statement on table " + table + " took " + some + "ms";
          case 4 -> "ERROR [pool-2] c.s.Db - connection to 10.0.0." + some % 250 + ":5432 refused";
          case 5 ->
              "ERROR [http-1] c.s.Pay - payment " + id + " of " + user + " failed: card declined";
          case 6 ->
              "INFO  [timer] c.s.Cache - cache holds "
                  + some
                  + " entries, "
                  + some % 100
                  + "% hits";
          case 7 ->
              "INFO  [http-4] c.s.Login - user " + user + " logged in from 192.168.1." + some % 250;
          case 8 -> "WARN  [http-4] c.s.Login - wrong password for user '" + user + "'";
          case 9 -> "INFO  [timer] c.s.Gc - heap " + some + "K of 262144K used";
          case 10 ->
              "DEBUG [http-5] c.s.Search - \""
                  + item
                  + " for "
                  + user
                  + "\" found "
                  + some
                  + " items";
          default ->
              "INFO  [http-6] c.s.Mail - mail sent to <"
                  + user
                  + "@shop.example> about order "
                  + some;
        };
  }
}
