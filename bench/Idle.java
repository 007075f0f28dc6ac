/** What the connections speak that are opened by thousands, served once and then left alone. */
enum Idle {
  CLEAR("idle", "HTTP/1.1", Row.Front.CLEAR),
  TLS("idle-tls", "HTTPS, a full TLS 1.3 handshake each", Row.Front.TLS),
  HTTP2("idle-h2", "HTTP/2 in the clear", Row.Front.HTTP2);

  /** As in {@code --rows}. */
  final String row;

  final String says;
  final Row.Front front;

  Idle(String row, String says, Row.Front front) {
    this.row = row;
    this.says = says;
    this.front = front;
  }
}
