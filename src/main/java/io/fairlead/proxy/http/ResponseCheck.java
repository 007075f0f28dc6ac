package io.fairlead.proxy.http;

/**
 * Refuses answers of nodes that two parsers could read differently. The same rules as for requests:
 * a node that has been taken over, or is just wrong, must not poison the connection of a client.
 */
final class ResponseCheck {
  private static final byte[] CHUNKED = Ascii.bytes("chunked");

  private static final long HOP_BY_HOP =
      1L << FieldName.CONNECTION
          | 1L << FieldName.KEEP_ALIVE
          | 1L << FieldName.PROXY_CONNECTION
          | 1L << FieldName.TRANSFER_ENCODING
          | 1L << FieldName.PROXY_AUTHENTICATE
          | 1L << FieldName.TE
          | 1L << FieldName.UPGRADE
          | 1L << FieldName.X_REQUEST_ID
          | 1L << FieldName.FAIRLEAD_ERROR;

  private ResponseCheck() {}

  /**
   * Fills what is derived from the head.
   *
   * @param toHead whether the request's method was HEAD
   * @return false if the answer must not be sent on
   */
  static boolean check(Head head, boolean toHead) {
    head.keepAlive = head.minorVersion == 1;
    head.chunkedLikeGet = false;
    if (head.has(FieldName.CONNECTION) && !RequestCheck.readConnection(head)) {
      return false;
    }
    if (!readFraming(head, toHead)) {
      return false;
    }
    if ((head.seen & HOP_BY_HOP) != 0) {
      RequestCheck.dropAll(head, HOP_BY_HOP);
    }
    return true;
  }

  private static boolean readFraming(Head head, boolean toHead) {
    boolean length = head.has(FieldName.CONTENT_LENGTH);
    boolean coded = head.has(FieldName.TRANSFER_ENCODING);
    long announced = Head.UNTIL_CLOSE;
    if (coded) {
      int field = head.first(FieldName.TRANSFER_ENCODING);
      if (length
          || head.minorVersion == 0
          || head.hasRepeated(FieldName.TRANSFER_ENCODING)
          || !Ascii.rangeEqualsIgnoreCase(
              head.bytes, head.valueStart(field), head.valueEnd(field), CHUNKED)) {
        return false;
      }
      announced = Head.CHUNKED;
    } else if (length) {
      announced = RequestCheck.contentLength(head);
      if (announced < 0 || head.hasRepeated(FieldName.CONTENT_LENGTH)) {
        return false;
      }
    }
    int status = head.status;
    if (status < 200 || status == 204) {
      // RFC 9110, 8.6: no Content-Length here; one that came all the same is taken out.
      RequestCheck.dropAll(head, 1L << FieldName.CONTENT_LENGTH);
      head.lengthAnew = -1;
      head.body = 0;
    } else if (status == 304 || toHead) {
      head.body = 0;
      head.chunkedLikeGet = coded;
    } else {
      head.body = announced;
    }
    return true;
  }
}
