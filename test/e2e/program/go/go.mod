module agent

go 1.23
