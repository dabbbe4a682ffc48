CREATE TABLE preferences (key VARCHAR PRIMARY KEY, value VARCHAR);
CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR(256) UNIQUE, title VARCHAR(256));
CREATE TABLE comments (tid REFERENCES threads(id), id INTEGER PRIMARY KEY, parent INTEGER,
    created FLOAT NOT NULL, modified FLOAT, mode INTEGER, remote_addr VARCHAR, text VARCHAR,
    author VARCHAR, email VARCHAR, website VARCHAR, likes INTEGER DEFAULT 0,
    dislikes INTEGER DEFAULT 0, voters BLOB NOT NULL, notification INTEGER DEFAULT 0);
CREATE TRIGGER remove_stale_threads AFTER DELETE ON comments BEGIN
    DELETE FROM threads WHERE id NOT IN (SELECT tid FROM comments); END;
INSERT INTO threads VALUES (1, '/rye/', 'Rye');
INSERT INTO comments VALUES (1, 1, NULL, 1600000000.5, NULL, 1, '192.0.2.0', 'Good *crust*', 'Ada',
    'ada@mail.example', 'http://ada.example', 0, 0, x'00', 0);
INSERT INTO comments VALUES (1, 2, 1, 1600000100.0, NULL, 2, '192.0.2.0', 'waiting', NULL, NULL,
    NULL, 0, 0, x'00', 0);
INSERT INTO comments VALUES (1, 5, NULL, 1600000200.0, NULL, 4, '192.0.2.0', '', NULL, NULL, NULL,
    0, 0, x'00', 0);
PRAGMA user_version = 5;
