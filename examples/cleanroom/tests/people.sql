-- Who and what is there when a test begins.
insert into member (name, email) values ('Ann', 'ann@example.org'), ('Bo', 'bo@example.org');
insert into book (title, copies, price) values ('Alice', 2, 9.50), ('Ulysses', 1, null);
insert into loan (member_id, book_id, due) values (1, 1, '2030-01-31');
